import { type Pool } from '../../pools/pool.js';
import { type Pools } from '../../pools/pools.js';
import { type Replica } from '../../pools/replica.js';
import { type Task } from '../../tasks/task.js';
import { type Scheduler } from '../scheduler.js';
import { ConcurrencyLimit } from './concurrency-limit.js';

/** Shorter answers tell more of chance than of the engine. */
const FEWEST_TOKENS = 8;

/** Moves the slots of those pools that ask for it to what their engines carry. Hears of every task that ends. */
export class AdaptiveSlots {
  private readonly limits = new Map<Replica, ConcurrencyLimit>();

  constructor(
    private readonly pools: Pools,
    private readonly scheduler: Pick<Scheduler, 'busySlotsOf' | 'outlook' | 'replicaReady'>,
  ) {
    for (const { config, replicas } of pools.all) {
      const { enabled, min, max } = config.adaptive_concurrency;
      if (!enabled) continue;
      for (const replica of replicas) this.limits.set(replica, new ConcurrencyLimit({ min, max: max ?? config.slots }));
    }
  }

  /** What a run showed may change the slots of its replica. */
  ended(task: Task): void {
    if (this.limits.size === 0 || !tellsPace(task)) return;
    const pool = this.pools.get(task.poolId);
    const replica = pool?.replicas.find(({ id }) => id === task.replicaId);
    const limit = replica && this.limits.get(replica);
    if (pool === undefined || replica === undefined || limit === undefined) return;
    const sample = {
      msPerToken: (task.endedAt! - task.firstTokenAt!) / (task.tokensOut - 1),
      dispatchedAt: task.dispatchedAt!,
      busy: this.scheduler.busySlotsOf(pool.id, replica.id),
    };
    if (limit.observe(sample, task.endedAt!)) this.apply(limit.value, pool, replica);
  }

  /** A replica that the scheduler does not use now gets its slots when it is ready again. */
  private apply(slots: number, pool: Pool, replica: Replica): void {
    replica.slotLimit = slots;
    const known = this.scheduler.outlook(pool.id).pool.replicas.get(replica.id);
    if (known?.ready === true && known.epoch === replica.epoch) this.scheduler.replicaReady(pool, replica);
  }
}

/** A run that stood still for others says nothing of the engine. */
function tellsPace({ firstTokenAt, tokensOut, interrupted }: Task): boolean {
  return firstTokenAt !== undefined && tokensOut >= FEWEST_TOKENS && !interrupted;
}
