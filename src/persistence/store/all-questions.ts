import { TASK_QUESTIONS } from '../tasks/questions.js';
import { type Questions } from './question.js';

/** Every cold query by its name; one line per part. They run in the thread of the store alone. */
export const QUESTIONS = {
  ...TASK_QUESTIONS,
} as const satisfies Questions;
