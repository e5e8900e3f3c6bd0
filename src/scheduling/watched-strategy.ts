import { type PlacementStrategy, type PlacementTask, type Ranked } from '@llama-orch/plugin-sdk';
import { type Clock } from '../kernel/clock.js';

/** What a ranking may take: it runs while everything else waits. */
const MOST_MS = 1;

/** How a strategy failed: it took longer than a millisecond, or threw. */
export type RankingFailure = 'slow' | 'threw';

/**
 * The strategy of a running daemon, with its failures told. What it answers stays the same, and counts also when it was
 * slow: decisions are made from it alone, never from the time it took.
 */
export function watchedStrategy(
  strategy: PlacementStrategy,
  clock: Pick<Clock, 'now'>,
  onFailure: (reason: RankingFailure) => void,
): PlacementStrategy {
  const rank = (task: PlacementTask, candidates: Parameters<PlacementStrategy['rank']>[1]): readonly Ranked[] => {
    const begun = clock.now();
    try {
      return strategy.rank(task, candidates);
    } catch (error) {
      onFailure('threw');
      throw error;
    } finally {
      if (clock.now() - begun > MOST_MS) onFailure('slow');
    }
  };
  return {
    rank,
    ...(strategy.needs !== undefined && { needs: strategy.needs }),
    ...(strategy.fit !== undefined && { fit: (footprint, gpus) => strategy.fit?.(footprint, gpus) }),
  };
}
