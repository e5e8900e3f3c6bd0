import { type SessionId } from '../kernel/ids.js';
import { type Amounts, type Charge } from './ledger.js';

/** A session as it survives a restart. What is reserved does not: tasks that go on reserve anew. */
export interface SessionRecord {
  readonly tenantId: string;
  readonly id: SessionId;
  readonly turns: number;
  readonly used: Amounts;
  /** Replica of the last first token. */
  readonly lastReplica: string | undefined;
  /** Tasks that had not ended when this was written. */
  readonly openTasks: number;
  /** What those had reported and been charged for; part of `used`. Empty without a budget. */
  readonly charges: readonly Charge[];
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly origin: SessionOrigin;
}

/** Who made a session; kept for the log. */
export interface SessionOrigin {
  readonly correlationId: string;
  /** Id of the key; undefined without keys. */
  readonly clientId: string | undefined;
  readonly userAgent: string | undefined;
}

/** Sessions that changed, and those that are gone, since they were written last. */
export interface SessionChanges {
  readonly changed: readonly SessionRecord[];
  readonly removed: readonly SessionName[];
}

export type SessionName = Pick<SessionRecord, 'tenantId' | 'id'>;

/** Keeps sessions over a restart. */
export abstract class SessionStore {
  /** Every session, oldest first. */
  abstract load(): readonly SessionRecord[];
  /** Writes all or nothing; durable when it settles. @throws Error when the disk does not take it */
  abstract write(changes: SessionChanges): Promise<void>;
}
