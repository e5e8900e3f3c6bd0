import { AppError } from '../kernel/errors.js';
import { type TaskId, parseTaskId } from '../kernel/ids.js';

/** The id in a path. @throws AppError 404 when it is none */
export function taskIdOf(text: string): TaskId {
  const id = parseTaskId(text);
  if (id === undefined) throw notFound('task ids are UUIDs');
  return id;
}

export function unknownTask(): AppError {
  return notFound('it was never admitted here, or its retention is over');
}

function notFound(hint: string): AppError {
  return new AppError('NOT_FOUND', `there is no such task; ${hint}`, { members: { engine: null } });
}
