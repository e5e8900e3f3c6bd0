import { createHash, randomBytes } from 'node:crypto';

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
  const bytes = randomBytes(16);
  bytes.writeUIntBE(epochMs, 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}` as TaskId;
}

/** The seed of a task that names none: the first 53 bits of SHA-256 over its id. */
export function seedOf(taskId: TaskId): bigint {
  return createHash('sha256').update(taskId).digest().readBigUInt64BE(0) >> 11n;
}

/** Names one task inside the daemon: task ids are unique per tenant only. */
export type TaskKey = Branded<'TaskKey'>;
export const taskKey = (tenantId: string, taskId: TaskId): TaskKey => `${tenantId}/${taskId}` as TaskKey;
