import { type QueueFacts, type QueueItem } from '@llama-orch/plugin-sdk';
import { rulesOf, wfqOptions } from '../src/options.js';
import { Wfq } from '../src/wfq.js';

export function newWfq(options: object = {}, facts?: QueueFacts): Wfq {
  return new Wfq(rulesOf(wfqOptions.parse(options), facts));
}

/** Makes items with ids of their own. */
export class Items {
  #made = 0;

  of(facts: Partial<QueueItem> = {}): QueueItem {
    const at = this.#made++;
    return { taskId: `task-${at}`, priority: 'interactive', enqueuedAt: at, cost: 100, ...facts };
  }
}

export function drain(queue: Wfq): QueueItem[] {
  const items: QueueItem[] = [];
  for (let item = queue.next(); item !== undefined; item = queue.next()) items.push(item);
  return items;
}
