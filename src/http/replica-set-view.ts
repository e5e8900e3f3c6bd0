import { type ReplicaSet as ReplicaSetBody } from '@llama-orch/client';
import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type Shedding } from '../admission/shedding/shedding.js';
import { type Pool } from '../pools/pool.js';
import { type ReplicaSet, replicaSetsOf } from '../pools/replica-set.js';
import { type Scheduler } from '../scheduling/scheduler.js';
import { loadOf } from './pool-view.js';

type Slo = ReplicaSetBody['slo']['interactive'];

const NO_OBJECTIVE: Slo = { ttft_p95_ms: null, target_ms: null, met: null };

/** Replicas that answer alike, with what they have to do. */
export function replicaSetsView(pools: readonly Pool[], scheduler: Scheduler, shedding: Shedding): ReplicaSetBody[] {
  return replicaSetsOf(pools).map((set) => setView(set, scheduler, shedding));
}

function setView({ id, key, pools }: ReplicaSet, scheduler: Scheduler, shedding: Shedding): ReplicaSetBody {
  const sum = (of: (pool: Pool) => number) => pools.reduce((total, pool) => total + of(pool), 0);
  const waiting = (priority: PriorityClass) => sum((pool) => scheduler.queueDepth(pool.id, priority));
  const total = sum((pool) => pool.slotsTotal);
  const busy = sum((pool) => Math.min(pool.slotsTotal, scheduler.busySlots(pool.id)));
  return {
    id,
    engine: key.engine,
    engine_version: key.engine_version,
    model_id: pools[0]!.model.id,
    model_digest: key.model_digest,
    quant: key.quant,
    ctx: key.ctx,
    sampler_profile_version: key.sampler_profile_version,
    pools: pools.map((pool) => pool.id),
    load: loadOf(busy, total),
    slots_total: total,
    slots_free: total - busy,
    queue_depth: { interactive: waiting('interactive'), batch: waiting('batch') },
    slo: { interactive: interactiveSlo(pools, shedding), batch: NO_OBJECTIVE },
  };
}

/** A set is as late as the worst of its pools. */
function interactiveSlo(pools: readonly Pool[], shedding: Shedding): Slo {
  const objectives = pools.map((pool) => shedding.objectiveOf(pool.id));
  const target = objectives[0]?.targetMs ?? null;
  const measured = objectives.flatMap(({ p95Ms }) => (p95Ms === undefined ? [] : [p95Ms]));
  const worst = measured.length === 0 ? null : Math.round(Math.max(...measured));
  return { ttft_p95_ms: worst, target_ms: target, met: worst === null || target === null ? null : worst <= target };
}
