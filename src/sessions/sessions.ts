import { type CancelTimer, type Clock } from '../kernel/clock.js';
import { type ReplicaId, type SessionId, type SessionKey, type TaskKey, sessionKey } from '../kernel/ids.js';
import { openAccount } from './ledger.js';
import { Residency } from './residency.js';
import { type ReplicaStart, Session } from './session.js';
import { type SessionChanges, type SessionOrigin, type SessionRecord, type SessionStore } from './session-store.js';
import { type SessionTelemetry } from './session-telemetry.js';
import { type Tariff } from './tariff.js';

export interface SessionPorts {
  readonly clock: Clock;
  readonly store: SessionStore;
  readonly tariff: Tariff;
  readonly limits: SessionLimits;
  readonly telemetry: SessionTelemetry;
}

export interface SessionLimits {
  readonly ttlMs: number;
  readonly maxTurns: number;
}

export type RemovalReason = 'expired' | 'deleted';

export interface SessionListener {
  sessionOpened(session: Session): void;
  sessionRemoved(session: Session): void;
}

/** Use is booked in memory at once and reaches the disk at most this much later. */
const WRITE_MS = 250;

/** Every session that can be read, in memory, and written behind to the store. */
export class Sessions {
  readonly residency = new Residency();
  /** By creation, oldest first. */
  private readonly sessions = new Map<SessionKey, Session>();
  /** Those without an open task, by expiry. All live equally long, so that is the order in which they fell idle. */
  private readonly idle = new Set<Session>();
  private readonly changed = new Set<Session>();
  private readonly removed = new Map<SessionKey, Session>();
  private listener: SessionListener | undefined;
  private cancelExpiry: CancelTimer | undefined;
  private cancelWrite: CancelTimer | undefined;
  private lastWriteFailed = false;
  private closed = false;

  constructor(private readonly ports: SessionPorts) {
    ports.telemetry.showActive(() => this.sessions.size);
  }

  get tariff(): Tariff {
    return this.ports.tariff;
  }

  get telemetry(): SessionTelemetry {
    return this.ports.telemetry;
  }

  get limits(): SessionLimits {
    return this.ports.limits;
  }

  /** False from a write that failed until one succeeds. */
  get isWritable(): boolean {
    return !this.lastWriteFailed;
  }

  /** Takes over what the store holds; the tasks that were open then are gone, and so is what they had reserved. */
  start(listener: SessionListener): void {
    this.listener = listener;
    const { clock, store } = this.ports;
    const [now, epochMs] = [clock.now(), clock.epochMs()];
    for (const record of store.load()) this.restore(record, now, epochMs);
    const restored = [...this.sessions.values()].sort((a, b) => a.expiresAt - b.expiresAt);
    for (const session of restored) this.idle.add(session);
    this.ports.telemetry.restored(restored.length, this.changed.size);
    this.removeExpired();
  }

  /** A session of this tenant; those of others and expired ones are not found. */
  find(tenantId: string, id: SessionId): Session | undefined {
    this.removeExpired();
    return this.sessions.get(sessionKey(tenantId, id));
  }

  /** Sessions of a tenant, newest first, from the one after `before` on. */
  *newestFirst(tenantId: string, before?: SessionKey): Iterable<Session> {
    this.removeExpired();
    let seen = before === undefined;
    for (const session of [...this.sessions.values()].reverse()) {
      if (seen && session.tenantId === tenantId) yield session;
      seen ||= session.key === before;
    }
  }

  /** The session that a task names; a new one is known to nobody until a task of it is accepted. */
  named(tenantId: string, id: SessionId, origin: SessionOrigin): Session {
    return this.find(tenantId, id) ?? this.fresh(tenantId, id, origin);
  }

  isKnown(session: Session): boolean {
    return this.sessions.get(session.key) === session;
  }

  /** A task takes one turn; the session cannot expire before it ends. */
  accepted(session: Session, task: TaskKey): void {
    if (!this.isKnown(session)) this.ports.telemetry.opened(session);
    this.removed.delete(session.key);
    this.sessions.set(session.key, session);
    session.turns++;
    session.openTasks.add(task);
    this.touch(session);
  }

  /** An accepted task of before a restart goes on. Its turn was counted then. */
  goesOn(session: Session, task: TaskKey): void {
    session.openTasks.add(task);
    this.touch(session);
  }

  /** Takes an accepted task back that could not be recorded, and has ended. */
  withdraw(session: Session): void {
    session.turns--;
    if (session.turns === 0) this.remove(session, 'deleted');
    else this.writeSoon(session);
  }

  ended(session: Session, task: TaskKey): void {
    if (!session.openTasks.delete(task) || !this.isKnown(session)) return;
    this.touch(session);
  }

  /** A task of it brought its first token there: from now on that replica holds its cache. */
  warmedUp(session: Session, replica: ReplicaStart, slots: number): void {
    session.lastReplica = replica.id;
    this.residency.took(replica, slots, session);
    this.writeSoon(session);
  }

  /** A task outside sessions used a slot: somebody's cache may have had to go. */
  slotUsed(replica: ReplicaStart, slots: number): void {
    if (this.sessions.size > 0) this.residency.took(replica, slots, undefined);
  }

  replicaLost(id: ReplicaId): void {
    this.residency.lost(id);
  }

  remove(session: Session, reason: RemovalReason): void {
    if (!this.isKnown(session)) return;
    this.sessions.delete(session.key);
    this.idle.delete(session);
    this.changed.delete(session);
    this.removed.set(session.key, session);
    this.residency.forget(session);
    this.planWrite();
    this.ports.telemetry.removed(session, reason);
    this.listener?.sessionRemoved(session);
  }

  /** Milliseconds that a session has left, if no task came. */
  ttlMsRemaining(session: Session): number {
    if (session.openTasks.size > 0) return this.ports.limits.ttlMs;
    return Math.max(0, Math.round(session.expiresAt - this.ports.clock.now()));
  }

  /** The session changed in a way that may be lost in a crash. */
  writeSoon(session: Session): void {
    if (!this.isKnown(session)) return;
    this.changed.add(session);
    this.planWrite();
  }

  /** Makes every change durable. @throws Error when the disk does not take it; the changes are kept for the next time */
  async write(): Promise<void> {
    if (this.changed.size > 0 || this.removed.size > 0)
      await this.writeWith((changes) => this.ports.store.write(changes));
  }

  /**
   * Hands every change to whoever makes it durable together with what belongs to it.
   * @throws what `write` throws; the changes are kept for the next time
   */
  async writeWith(write: (changes: SessionChanges) => Promise<void>): Promise<void> {
    const { clock } = this.ports;
    const [now, epochMs] = [clock.now(), clock.epochMs()];
    const [changed, removed] = [[...this.changed], [...this.removed.values()]];
    this.changed.clear();
    this.removed.clear();
    this.cancelWrite?.();
    this.cancelWrite = undefined;
    const records = changed.map((session) => session.record(epochMs + Math.round(session.expiresAt - now)));
    try {
      await write({ changed: records, removed });
      this.lastWriteFailed = false;
    } catch (error) {
      this.lastWriteFailed = true;
      this.keepForNextTime(changed, removed);
      throw error;
    }
  }

  /** The same, where nobody can be told but the log. */
  async tryWrite(): Promise<void> {
    await this.write().catch((error: unknown) => this.telemetry.storeFailed(error));
  }

  /** Writes what is left. Calling twice is harmless. */
  async close(): Promise<void> {
    this.cancelExpiry?.();
    if (this.closed) return;
    this.closed = true;
    await this.tryWrite();
    this.cancelWrite?.();
  }

  private keepForNextTime(changed: readonly Session[], removed: readonly Session[]): void {
    for (const session of changed) if (this.isKnown(session)) this.changed.add(session);
    for (const session of removed) if (!this.sessions.has(session.key)) this.removed.set(session.key, session);
    this.planWrite();
  }

  private fresh(tenantId: string, id: SessionId, origin: SessionOrigin): Session {
    const { clock, tariff } = this.ports;
    const account = tariff.isActive ? openAccount(tariff.terms) : undefined;
    return new Session(tenantId, id, origin, clock.epochMs(), account);
  }

  private restore(record: SessionRecord, now: number, epochMs: number): void {
    const { tariff, limits } = this.ports;
    const account = tariff.isActive ? openAccount(tariff.terms, record.used, record.charges) : undefined;
    const session = new Session(record.tenantId, record.id, record.origin, record.createdMs, account);
    session.turns = record.turns;
    session.lastReplica = record.lastReplica as ReplicaId | undefined;
    const left = record.openTasks > 0 ? limits.ttlMs : Math.min(record.expiresMs - epochMs, limits.ttlMs);
    session.expiresAt = now + left;
    this.sessions.set(session.key, session);
    if (record.openTasks > 0) this.writeSoon(session);
    this.listener?.sessionOpened(session);
  }

  /** Its time begins anew, and the change is to be written. */
  private touch(session: Session): void {
    const { clock, limits } = this.ports;
    session.expiresAt = clock.now() + limits.ttlMs;
    this.idle.delete(session);
    if (session.openTasks.size === 0) this.idle.add(session);
    this.changed.add(session);
    this.planWrite();
    this.planExpiry();
  }

  private removeExpired(): void {
    const now = this.ports.clock.now();
    for (const session of this.idle) {
      if (session.expiresAt > now) break;
      this.remove(session, 'expired');
    }
    this.planExpiry();
  }

  private planExpiry(): void {
    const [first] = this.idle;
    if (this.cancelExpiry !== undefined || first === undefined) return;
    const { clock } = this.ports;
    this.cancelExpiry = clock.schedule(Math.max(1, first.expiresAt - clock.now()), () => {
      this.cancelExpiry = undefined;
      this.removeExpired();
    });
  }

  private planWrite(): void {
    if (this.closed) return;
    this.cancelWrite ??= this.ports.clock.schedule(WRITE_MS, () => {
      this.cancelWrite = undefined;
      void this.tryWrite();
    });
  }
}
