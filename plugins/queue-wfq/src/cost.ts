import { type QueueItem } from '@llama-orch/plugin-sdk';

const UNKNOWN_COST = 512;

/** What an item is charged at its dispatch, in tokens: at least one, so that nobody goes for free. */
export function costOf({ cost }: QueueItem): number {
  return cost !== undefined && Number.isFinite(cost) ? Math.max(1, cost) : UNKNOWN_COST;
}
