import { type Capabilities, type PoolHealth } from '@llama-orch/client';
import { type Shedding } from '../admission/shedding/shedding.js';
import { type Pool } from '../pools/pool.js';
import { type Replica } from '../pools/replica.js';
import { type Scheduler } from '../scheduling/scheduler.js';

/** A pool as its health route tells it. */
export function poolView(pool: Pool, scheduler: Scheduler, shedding: Shedding): PoolHealth {
  const outlook = scheduler.outlook(pool.id);
  return {
    pool_id: pool.id,
    live: pool.replicas.some((replica) => replica.connection !== undefined),
    ready: pool.ready,
    draining: pool.draining,
    shedding: shedding.isOpen(pool.id),
    state: pool.state,
    cpu: pool.cpu,
    last_error: pool.lastError ?? null,
    engine: pool.engine,
    engine_version: pool.description?.engineVersion ?? null,
    model_id: pool.model.id,
    model_digest: pool.description?.modelDigest ?? null,
    replicas: pool.replicas.map((replica) => replicaView(replica, pool, scheduler)),
    metrics: {
      queue_depth: {
        interactive: scheduler.queueDepth(pool.id, 'interactive'),
        batch: scheduler.queueDepth(pool.id, 'batch'),
      },
      gpu: [],
      tokens_per_s: outlook.estimator.measuredDecodeRate ?? null,
      first_token_ms: outlook.meanFirstTokenMs ?? null,
    },
  };
}

function replicaView(replica: Replica, pool: Pool, scheduler: Scheduler): PoolHealth['replicas'][number] {
  const slots = replica.ready ? replica.slots : 0;
  const busy = scheduler.busySlotsOf(pool.id, replica.id);
  return {
    replica_id: replica.id,
    device_mask: [],
    ready: replica.ready,
    slots_total: slots,
    slots_free: Math.max(0, slots - busy),
    active_leases: busy,
    vram_total_bytes: null,
    vram_free_bytes: null,
    last_heartbeat_ms: replica.lastHeartbeatMs ?? null,
    restart_count: replica.restartCount,
  };
}

/** What the live pools offer, one item per engine and version. Pools whose engine has not answered yet are left out. */
export function capabilitiesView(pools: readonly Pool[], apiVersion: string, rateLimits: RateLimits): Capabilities {
  const groups = new Map<string, Pool[]>();
  for (const pool of pools) {
    if (pool.description === undefined) continue;
    const key = `${pool.engine} ${pool.description.engineVersion}`;
    groups.set(key, [...(groups.get(key) ?? []), pool]);
  }
  return { api_version: apiVersion, engines: [...groups.values()].map((group) => engineView(group, rateLimits)) };
}

type RateLimits = Capabilities['engines'][number]['rate_limits'];

function engineView(pools: readonly Pool[], rateLimits: RateLimits): Capabilities['engines'][number] {
  const described = pools.flatMap((pool) => (pool.description === undefined ? [] : [pool.description]));
  const first = described[0]!;
  const every = (has: (features: typeof first.features) => boolean | undefined) =>
    described.every(({ features }) => has(features) === true);
  return {
    engine: pools[0]!.engine,
    engine_version: first.engineVersion,
    ctx_max: Math.max(...described.map((description) => description.contextTokens)),
    supported_workloads: [...new Set(described.flatMap((description) => description.workloads))],
    concurrency: pools.reduce((sum, pool) => sum + pool.slotsTotal, 0),
    rate_limits: rateLimits,
    features: {
      determinism: pools.every((pool) => pool.determinism === 'exact') ? 'exact' : 'best_effort',
      interruptible_decode: every((features) => features.interruptibleDecode),
      tools: every((features) => features.tools),
      json_schema: every((features) => features.jsonSchema),
      fim: every((features) => features.fim),
    },
    sampler_profiles: [...new Set(pools.map((pool) => pool.config.sampler_profile_version))],
    pools: pools.map((pool) => ({
      pool_id: pool.id,
      model_id: pool.model.id,
      model_digest: pool.description?.modelDigest ?? null,
      ctx_max: pool.description?.contextTokens ?? 1,
      slots_total: pool.slotsTotal,
      cpu: pool.cpu,
      ready: pool.ready,
      full_policy: pool.config.queue.full_policy,
      labels: pool.config.labels,
    })),
  };
}
