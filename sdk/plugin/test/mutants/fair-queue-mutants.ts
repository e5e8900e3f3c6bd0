import { type QueueItem, type QueueShare } from '../../src/index.js';
import { type QueueMutant } from './queue-mutants.js';
import { SoundFairQueue, fairOptions } from './sound-fair-queue.js';
import { SoundQueue } from './sound-queue.js';

class ListsByArrival extends SoundFairQueue {
  override order(_now: number): Iterable<QueueItem> {
    return [...this.waiting.values()];
  }
}
class OrderTakesOut extends SoundFairQueue {
  override *order(now: number): Iterable<QueueItem> {
    for (let item = this.next(now); item; item = this.next(now)) yield item;
  }
  override position(taskId: string, now: number): number | undefined {
    const at = [...super.order(now)].findIndex((item) => item.taskId === taskId);
    return at === -1 ? undefined : at;
  }
}
class SettleTakesOut extends SoundFairQueue {
  override settle(item: QueueItem, actualCost: number): void {
    super.settle(item, actualCost);
    this.remove([...this.waiting.keys()][0] ?? '');
  }
}
class SettleBringsBack extends SoundFairQueue {
  override settle(item: QueueItem): void {
    this.enqueue(item);
  }
}
class CountsInsteadOfShares extends SoundFairQueue {
  override shares(): readonly QueueShare[] {
    return super.shares().map((share) => ({ ...share, share: share.share * 100 }));
  }
}
class GivesUpTheLast extends SoundFairQueue {
  override leastHopeful(now: number): QueueItem | undefined {
    return [...this.order(now)].at(-1);
  }
}
class GivesUpForGood extends SoundFairQueue {
  override leastHopeful(now: number, chanceOf: (item: QueueItem, ahead: number) => number): QueueItem | undefined {
    const item = super.leastHopeful(now, chanceOf);
    if (item) this.remove(item.taskId);
    return item;
  }
}
class CountsItems extends SoundFairQueue {
  protected override priceOf(): number {
    return 1;
  }
}
class IgnoresWeights extends SoundFairQueue {
  protected override priceOf({ cost = 1 }: QueueItem): number {
    return cost;
  }
}
class IgnoresWhatWasSettled extends SoundFairQueue {
  override settle(): void {
    // What was expected stands.
  }
}
class SettlesTheWholeCost extends SoundFairQueue {
  override settle(item: QueueItem, actualCost: number): void {
    this.charge(item, actualCost);
  }
}
class TellsNewcomersTheEnd extends SoundFairQueue {
  override ahead(): number {
    return this.size;
  }
}
class KeepsWhatItTriesOut extends SoundFairQueue {
  override ahead(item: QueueItem, now: number): number {
    this.enqueue(item);
    return this.position(item.taskId, now)!;
  }
}
class SortsEveryTime extends SoundQueue {
  override enqueue(item: QueueItem): void {
    super.enqueue(item);
    this.lists[item.priority].sort((a, b) => a.enqueuedAt - b.enqueuedAt);
  }
}
/** Earliest deadline first, by looking at each item. */
class SoundDeadlines extends SoundQueue {
  override next(_now: number): QueueItem | undefined {
    const list = this.lists.interactive.length > 0 ? this.lists.interactive : this.lists.batch;
    const due = (item: QueueItem) => item.deadlineAt ?? Infinity;
    const first = list.reduce<QueueItem | undefined>((a, b) => (a && due(a) <= due(b) ? a : b), undefined);
    return first && list.splice(list.indexOf(first), 1)[0];
  }
}
class RequeuesByArrival extends SoundDeadlines {
  override requeue(item: QueueItem): void {
    this.enqueue(item);
  }
}

const deadline = { order: 'deadline' } as const;

export const fairQueueMutants: readonly QueueMutant[] = [
  { wrong: 'lists its items by arrival', caughtBy: 'QD-11', createQueue: () => new ListsByArrival() },
  { wrong: 'takes out what it lists', caughtBy: 'QD-11', createQueue: () => new OrderTakesOut() },
  { wrong: 'forgets an item when it settles', caughtBy: 'QD-12', createQueue: () => new SettleTakesOut() },
  { wrong: 'takes what is over for waiting', caughtBy: 'QD-12', createQueue: () => new SettleBringsBack() },
  { wrong: 'tells percents as shares', caughtBy: 'QD-13', createQueue: () => new CountsInsteadOfShares() },
  { wrong: 'gives up whoever is last', caughtBy: 'QD-14', createQueue: () => new GivesUpTheLast() },
  { wrong: 'takes out what it gives up', caughtBy: 'QD-14', createQueue: () => new GivesUpForGood() },
  { wrong: 'tells each newcomer the last place', caughtBy: 'QD-18', createQueue: () => new TellsNewcomersTheEnd() },
  { wrong: 'keeps what it tries out', caughtBy: 'QD-18', createQueue: () => new KeepsWhatItTriesOut() },
  { wrong: 'counts items, not tokens', caughtBy: 'QD-15', createQueue: () => new CountsItems() },
  { wrong: 'ignores weights', caughtBy: 'QD-15', createQueue: () => new IgnoresWeights() },
  { wrong: 'ignores what is settled', caughtBy: 'QD-16', createQueue: () => new IgnoresWhatWasSettled() },
  { wrong: 'charges twice when it settles', caughtBy: 'QD-16', createQueue: () => new SettlesTheWholeCost() },
  { wrong: 'sorts itself at every call', caughtBy: 'QD-17', createQueue: () => new SortsEveryTime() },
  { wrong: 'ignores deadlines', caughtBy: 'QD-02', createQueue: () => new SoundQueue(), options: deadline },
  { wrong: 'requeues at the back', caughtBy: 'QD-08', createQueue: () => new RequeuesByArrival(), options: deadline },
].map((mutant) => ({ options: fairOptions, ...mutant }));
