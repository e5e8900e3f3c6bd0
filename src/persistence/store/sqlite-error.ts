import { type FailureFacts, type FailureReason } from './store-failure.js';

/** What SQLite throws, told by its form: the class can be of another realm. */
export interface SqliteError {
  readonly code: string;
  readonly message: string;
}

/** By the beginning of the code; each of these may have ended the whole transaction. */
const DISK_REASONS: readonly (readonly [string, FailureReason])[] = [
  ['SQLITE_FULL', 'full'],
  ['SQLITE_IOERR', 'io'],
  ['SQLITE_NOMEM', 'io'],
  ['SQLITE_READONLY', 'io'],
  ['SQLITE_CANTOPEN', 'io'],
  ['SQLITE_BUSY', 'busy'],
  ['SQLITE_LOCKED', 'busy'],
  ['SQLITE_CORRUPT', 'damaged'],
  ['SQLITE_NOTADB', 'damaged'],
];

export function isSqliteError(error: unknown): error is SqliteError {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string';
}

/** What a caller is told of an error of SQLite, or of a statement that does not fit its values. */
export function failureOf(error: unknown): FailureFacts {
  const detail = error instanceof Error ? error.message : String((error as { message?: unknown })?.message ?? error);
  return { reason: isSqliteError(error) ? reasonOf(error.code) : 'refused', detail };
}

/** Whether it speaks of the disk rather than of one unit: nothing of the batch can go on. */
export function concernsAll({ reason }: FailureFacts): boolean {
  return reason !== 'constraint' && reason !== 'refused';
}

function reasonOf(code: string): FailureReason {
  if (code.startsWith('SQLITE_CONSTRAINT')) return 'constraint';
  return DISK_REASONS.find(([start]) => code.startsWith(start))?.[1] ?? 'refused';
}
