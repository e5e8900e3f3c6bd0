import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type PoolId } from '../kernel/ids.js';
import { roomFacts, roomFor } from './core/queue-room.js';
import { type PoolOutlook } from './pool-outlook.js';

/** A pool as a newcomer may compare it with others. */
export interface PoolOption {
  readonly poolId: PoolId;
  readonly startsAtOnce: boolean;
  readonly hasRoom: boolean;
  readonly startP50Ms: number;
}

/** The pools that a task of this class may choose from; none where there is no choice. */
export function poolOptions(outlooks: readonly PoolOutlook[], priority: PriorityClass, now: number): PoolOption[] {
  if (outlooks.length < 2) return [];
  return outlooks.map((outlook) => {
    const facts = roomFacts(outlook.pool);
    return {
      poolId: outlook.pool.id,
      startsAtOnce: facts.startsAtOnce,
      hasRoom: roomFor(priority, facts).type === 'free',
      startP50Ms: outlook.startAfter(outlook.aheadOf(priority), now, priority).p50,
    };
  });
}

/** Best first: with a free slot; else with room and the least predicted start; else the least predicted start. */
export function rankPools(options: readonly PoolOption[]): PoolOption[] {
  return options.toSorted(
    (a, b) => groupOf(a) - groupOf(b) || a.startP50Ms - b.startP50Ms || (a.poolId < b.poolId ? -1 : 1),
  );
}

export function bestPool(outlooks: readonly PoolOutlook[], priority: PriorityClass, now: number): PoolOutlook {
  const [best] = rankPools(poolOptions(outlooks, priority, now));
  return outlooks.find(({ pool }) => pool.id === best?.poolId) ?? outlooks[0]!;
}

function groupOf({ startsAtOnce, hasRoom }: PoolOption): number {
  if (startsAtOnce) return 0;
  return hasRoom ? 1 : 2;
}
