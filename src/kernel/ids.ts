import { createHash, randomUUID } from 'node:crypto';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Lower-case UUID. */
export type TaskId = Branded<'TaskId'>;
export type PoolId = Branded<'PoolId'>;
/** `<pool id>-<index>`. */
export type ReplicaId = Branded<'ReplicaId'>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A task id in its canonical form, or undefined when the text is not a UUID. */
export function parseTaskId(text: string): TaskId | undefined {
  return UUID.test(text) ? (text.toLowerCase() as TaskId) : undefined;
}

export const poolId = (text: string): PoolId => text as PoolId;
export const replicaId = (pool: PoolId, index: number): ReplicaId => `${pool}-${index}` as ReplicaId;

/** A new UUIDv7: ids sort by the time they were made. */
export function newTaskId(epochMs: number): TaskId {
  // Node keeps random bytes at hand for its own UUIDs; only the time and the version have to be put in.
  const time = epochMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}` as TaskId;
}

/** A new id of one decision, as it stands in the audit: a UUIDv7 too. */
export function newDecisionId(epochMs: number): string {
  return newTaskId(epochMs);
}

/** The seed of a task that names none: the first 53 bits of SHA-256 over its id. */
export function seedOf(taskId: TaskId): bigint {
  return createHash('sha256').update(taskId).digest().readBigUInt64BE(0) >> 11n;
}

/** Names one task inside the daemon: task ids are unique per tenant only. */
export type TaskKey = Branded<'TaskKey'>;
export const taskKey = (tenantId: string, taskId: TaskId): TaskKey => `${tenantId}/${taskId}` as TaskKey;

/** Lower-case UUID. */
export type SessionId = Branded<'SessionId'>;

/** A session id in its canonical form, or undefined when the text is not a UUID. */
export function parseSessionId(text: string): SessionId | undefined {
  return UUID.test(text) ? (text.toLowerCase() as SessionId) : undefined;
}

/** Names one session inside the daemon: session ids are unique per tenant only. */
export type SessionKey = Branded<'SessionKey'>;
export const sessionKey = (tenantId: string, id: SessionId): SessionKey => `${tenantId}/${id}` as SessionKey;
