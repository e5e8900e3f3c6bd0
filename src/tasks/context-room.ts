import { type PromptSize, type TaskRequest } from './task.js';

/**
 * True when prompt and answer have room in a context of so many tokens. An estimate refuses only when it alone exceeds the
 * context; the engine has the last word.
 */
export function fitsContext(
  { workload, maxTokens }: Pick<TaskRequest, 'workload' | 'maxTokens'>,
  { tokens, counted }: PromptSize,
  contextTokens: number,
): boolean {
  const answer = workload === 'completion' ? maxTokens : 0;
  return (counted ? tokens + answer : tokens) <= contextTokens && answer <= contextTokens;
}
