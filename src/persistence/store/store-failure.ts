import { AppError, type AppErrorOptions } from '../../kernel/errors.js';

/**
 * Why the store did not do as asked. `constraint`: what is there already stands against it. `refused`: a statement or a
 * value is wrong. `lost`: the thread of the store ended, and whether the write took effect is not known.
 */
export type FailureReason =
  'full' | 'io' | 'busy' | 'damaged' | 'constraint' | 'refused' | 'lost' | 'overloaded' | 'closed';

/** As it crosses the border of the thread. */
export interface FailureFacts {
  readonly reason: FailureReason;
  /** What SQLite said; for the log, never for the wire. */
  readonly detail: string;
}

const RETRY_MS = 1_000;
const LATER: AppErrorOptions = { status: 503, members: { retriable: true, retry_after_ms: RETRY_MS } };
const SENTENCES: Readonly<Record<FailureReason, string>> = {
  full: 'it could not be stored: the disk is full; the operator has to free space in the data folder',
  io: 'it could not be stored: the disk reports an error; the operator has to look at the disk of the data folder',
  busy: 'it could not be stored: another program uses the database; the operator has to end that one',
  damaged: 'it could not be stored: the database is damaged; the operator has to restore a backup',
  constraint: 'it could not be stored: what is stored already stands against it',
  refused: 'it could not be stored; report the correlation id to the operator',
  lost: 'it could not be stored: the store is being started again; look whether it took effect, then send again',
  overloaded: 'it could not be stored: too much waits for the disk; send again later',
  closed: 'it could not be stored: the server is shutting down',
};
/** Here the same request will do a moment later. */
const PASSING: readonly FailureReason[] = ['lost', 'overloaded', 'closed'];

/** An AppError that callers may get as it is. */
export class StoreFailure extends AppError {
  readonly reason: FailureReason;
  readonly detail: string;

  constructor({ reason, detail }: FailureFacts) {
    super('INTERNAL', SENTENCES[reason], PASSING.includes(reason) ? LATER : {});
    this.reason = reason;
    this.detail = detail;
  }

  /** Nothing that asks for a write gets further until this is over. */
  get isOfDisk(): boolean {
    return !['constraint', 'refused', 'overloaded'].includes(this.reason);
  }
}
