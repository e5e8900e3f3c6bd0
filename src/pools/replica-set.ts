import { createHash } from 'node:crypto';
import { canonicalJson } from '../kernel/canonical-json.js';
import { type Pool } from './pool.js';

/** What replicas have in common that answer alike, whichever pool they belong to. */
export interface ReplicaSetKey {
  readonly engine: string;
  readonly engine_version: string;
  readonly model_digest: string | null;
  readonly quant: string | null;
  readonly ctx: number;
  readonly sampler_profile_version: string;
}

/** A replica set, as far as its members' pools tell. */
export interface ReplicaSet {
  /** `rs-` and 12 hex digits; equal for equal keys. */
  readonly id: string;
  readonly key: ReplicaSetKey;
  readonly pools: readonly Pool[];
}

/** The sets of all pools whose engines have answered, in the order of their first pools. */
export function replicaSetsOf(pools: readonly Pool[]): ReplicaSet[] {
  const sets = new Map<string, { readonly key: ReplicaSetKey; readonly pools: Pool[] }>();
  for (const pool of pools) {
    const key = keyOf(pool);
    if (key === undefined) continue;
    const id = idOf(pool, key);
    const set = sets.get(id);
    if (set === undefined) sets.set(id, { key, pools: [pool] });
    else set.pools.push(pool);
  }
  return [...sets].map(([id, set]) => ({ id, ...set }));
}

/** Other pools that answer as this one does. */
export function alikeTo(pool: Pool, pools: readonly Pool[]): readonly Pool[] {
  const key = keyOf(pool);
  if (key === undefined) return [];
  const id = idOf(pool, key);
  return pools.filter((other) => {
    const otherKey = other === pool ? undefined : keyOf(other);
    return otherKey !== undefined && idOf(other, otherKey) === id;
  });
}

function keyOf({ engine, description, config }: Pool): ReplicaSetKey | undefined {
  if (description === undefined) return undefined;
  return {
    engine,
    engine_version: description.engineVersion,
    model_digest: description.modelDigest ?? null,
    quant: description.quant ?? null,
    ctx: description.contextTokens,
    sampler_profile_version: config.sampler_profile_version,
  };
}

/** Without a digest, the name has to tell models apart. */
function idOf({ model }: Pool, key: ReplicaSetKey): string {
  const named = key.model_digest === null ? { ...key, model_ref: model.ref } : key;
  return `rs-${createHash('sha256').update(canonicalJson(named)).digest('hex').slice(0, 12)}`;
}
