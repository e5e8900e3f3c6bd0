import { type QueueItem } from '@llama-orch/plugin-sdk';

/**
 * The item with the least chance to be on time, of several the one whose turn comes last: the others lose nothing by it.
 * Undefined when every chance is 1: nobody is given up without need.
 */
export function leastHopeful(
  order: Iterable<QueueItem>,
  chanceOf: (item: QueueItem, ahead: number) => number,
): QueueItem | undefined {
  let [least, found]: [number, QueueItem | undefined] = [1, undefined];
  let ahead = 0;
  for (const item of order) {
    const chance = chanceOf(item, ahead++);
    if (chance >= 1 || chance > least) continue;
    [least, found] = [chance, item];
  }
  return found;
}
