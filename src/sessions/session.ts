import { type ReplicaId, type SessionId, type SessionKey, type TaskKey, sessionKey } from '../kernel/ids.js';
import { type Account, NOTHING, chargesOf } from './ledger.js';
import { type SessionOrigin, type SessionRecord } from './session-store.js';

/** One start of a replica: its KV cache is gone with the next one. */
export interface ReplicaStart {
  readonly id: ReplicaId;
  readonly epoch: number;
}

/** Turns of one conversation of a tenant: a budget, and the replica that may still hold its cache. */
export class Session {
  readonly key: SessionKey;
  /** Tasks that have not ended. */
  readonly openTasks = new Set<TaskKey>();
  turns = 0;
  /** Replica of the last first token, also when its cache is gone. */
  lastReplica: ReplicaId | undefined;
  /** The start that holds the session's cache; undefined when none does. */
  warmOn: ReplicaStart | undefined;
  /** Monotonic ms at which it expires unless a task is open then. */
  expiresAt = 0;

  constructor(
    readonly tenantId: string,
    readonly id: SessionId,
    readonly origin: SessionOrigin,
    readonly createdMs: number,
    /** Only the scheduler core writes to it. Undefined without budgets. */
    readonly account: Account | undefined,
  ) {
    this.key = sessionKey(tenantId, id);
  }

  get kvWarmth(): boolean {
    return this.warmOn !== undefined;
  }

  /** @param expiresMs Unix epoch ms */
  record(expiresMs: number): SessionRecord {
    const { tenantId, id, turns, lastReplica, openTasks, createdMs, origin } = this;
    const used = this.account === undefined ? NOTHING : { ...this.account.used };
    const charges = this.account === undefined ? [] : chargesOf(this.account);
    return { tenantId, id, turns, used, lastReplica, openTasks: openTasks.size, charges, createdMs, expiresMs, origin };
  }
}
