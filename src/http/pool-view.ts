import { type Capabilities, type PoolHealth } from '@llama-orch/client';
import { type Shedding } from '../admission/shedding/shedding.js';
import { type Devices } from '../pools/devices/devices.js';
import { type Pool } from '../pools/pool.js';
import { type Replica } from '../pools/replica.js';
import { type Scheduler } from '../scheduling/scheduler.js';
import { onDemandModels } from './on-demand-view.js';
import { gpuViews, kvCap, replicaDevices } from './device-view.js';

/** A pool as its health route tells it. */
export function poolView(pool: Pool, scheduler: Scheduler, shedding: Shedding, devices: Devices): PoolHealth {
  const outlook = scheduler.outlook(pool.id);
  return {
    pool_id: pool.id,
    live: pool.live,
    ready: pool.ready,
    draining: pool.draining || pool.state === 'draining',
    shedding: shedding.isOpen(pool.id),
    state: pool.state,
    cpu: pool.cpu,
    on_demand: !pool.config.preload,
    last_error: pool.lastError ?? null,
    engine: pool.engine,
    engine_version: pool.description?.engineVersion ?? null,
    model_id: pool.model.id,
    model_digest: pool.description?.modelDigest ?? null,
    replicas: shownReplicas(pool, scheduler).map((replica) => replicaView(replica, pool, scheduler, devices)),
    ...kvCap(devices, pool),
    metrics: {
      queue_depth: {
        interactive: scheduler.queueDepth(pool.id, 'interactive'),
        batch: scheduler.queueDepth(pool.id, 'batch'),
      },
      gpu: gpuViews(devices, pool),
      tokens_per_s: outlook.estimator.measuredDecodeRate ?? null,
      first_token_ms: outlook.meanFirstTokenMs ?? null,
    },
  };
}

/** Those that serve, and those of another model on which tasks still run. */
function shownReplicas(pool: Pool, scheduler: Scheduler): Replica[] {
  const isBusy = (replica: Replica) => scheduler.busySlotsOf(pool.id, replica.id) > 0;
  return [...pool.replicas, ...pool.otherReplicas.filter(isBusy)];
}

function replicaView(
  replica: Replica,
  pool: Pool,
  scheduler: Scheduler,
  devices: Devices,
): PoolHealth['replicas'][number] {
  const isReady = replica.ready && pool.replicas.includes(replica);
  const slots = isReady ? replica.slots : 0;
  const busy = scheduler.busySlotsOf(pool.id, replica.id);
  return {
    replica_id: replica.id,
    ...replicaDevices(devices, pool, replica.id),
    ready: isReady,
    slots_total: slots,
    slots_free: Math.max(0, slots - busy),
    active_leases: busy,
    last_heartbeat_ms: replica.lastHeartbeatMs ?? null,
    restart_count: replica.restartCount,
  };
}

/** Busy slots over those that Ready replicas have. */
export function loadOf(busy: number, total: number): number {
  return total === 0 ? 0 : Math.min(1, Math.round((busy / total) * 1000) / 1000);
}

/** What the live pools offer, one item per engine and version. Pools whose engine has not answered yet are left out. */
export function capabilitiesView(
  pools: readonly Pool[],
  scheduler: Pick<Scheduler, 'busySlots'>,
  apiVersion: string,
  rateLimits: RateLimits,
): Capabilities {
  const groups = new Map<string, Pool[]>();
  for (const pool of pools) {
    if (pool.description === undefined) continue;
    const key = `${pool.engine} ${pool.description.engineVersion}`;
    groups.set(key, [...(groups.get(key) ?? []), pool]);
  }
  const engines = [...groups.values()].map((group) => engineView(group, scheduler, rateLimits));
  return { api_version: apiVersion, engines, ...onDemandModels(pools) };
}

type RateLimits = Capabilities['engines'][number]['rate_limits'];

function engineView(
  pools: readonly Pool[],
  scheduler: Pick<Scheduler, 'busySlots'>,
  rateLimits: RateLimits,
): Capabilities['engines'][number] {
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
      load: loadOf(scheduler.busySlots(pool.id), pool.slotsTotal),
      cpu: pool.cpu,
      ready: pool.ready,
      full_policy: pool.config.queue.full_policy,
      labels: pool.config.labels,
    })),
  };
}
