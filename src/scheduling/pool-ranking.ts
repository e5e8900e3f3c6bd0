import { type PoolId } from '../kernel/ids.js';
import { roomFacts, roomFor } from './core/queue-room.js';
import { type Arriving } from './forecast/forecastable.js';
import { type PoolOutlook } from './forecast/pool-outlook.js';

/** A pool as a newcomer may compare it with others. */
export interface PoolOption {
  readonly poolId: PoolId;
  readonly startsAtOnce: boolean;
  readonly hasRoom: boolean;
  readonly startP50Ms: number;
}

/** A pool that could take a newcomer, and the newcomer as that pool sees it. */
export interface PoolOffer {
  readonly outlook: PoolOutlook;
  readonly task: Arriving;
}

/** The pools that a newcomer may choose from; none where there is no choice. */
export function poolOptions(offers: readonly PoolOffer[], now: number): PoolOption[] {
  if (offers.length < 2) return [];
  return offers.map(({ outlook, task }) => {
    const facts = roomFacts(outlook.pool);
    return {
      poolId: outlook.pool.id,
      startsAtOnce: facts.startsAtOnce,
      hasRoom: roomFor(task.request.priority, facts).type === 'free',
      startP50Ms: outlook.startOf(task, now).p50,
    };
  });
}

/** Best first: with a free slot; else with room and the least predicted start; else the least predicted start. */
export function rankPools(options: readonly PoolOption[]): PoolOption[] {
  return options.toSorted(
    (a, b) => groupOf(a) - groupOf(b) || a.startP50Ms - b.startP50Ms || (a.poolId < b.poolId ? -1 : 1),
  );
}

/** Where a newcomer goes, and what that pool was compared with: nothing where there was no choice. */
export function bestPool(
  offers: readonly PoolOffer[],
  now: number,
): { readonly outlook: PoolOutlook; readonly options: readonly PoolOption[] } {
  const options = poolOptions(offers, now);
  const [best] = rankPools(options);
  const { outlook } = offers.find((offer) => offer.outlook.pool.id === best?.poolId) ?? offers[0]!;
  return { outlook, options };
}

function groupOf({ startsAtOnce, hasRoom }: PoolOption): number {
  if (startsAtOnce) return 0;
  return hasRoom ? 1 : 2;
}
