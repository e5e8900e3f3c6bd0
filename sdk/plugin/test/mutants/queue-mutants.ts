import { type PriorityClass, type QueueDiscipline, type QueueItem } from '../../src/index.js';
import { type QueueKitOptions } from '../../src/conformance/index.js';
import { SoundQueue } from './sound-queue.js';

/** What is wrong, the check that must notice, and the broken queue. */
export interface QueueMutant {
  readonly wrong: string;
  readonly caughtBy: string;
  readonly createQueue: () => QueueDiscipline;
  /** What the kit is told about it. */
  readonly options?: QueueKitOptions;
}

class LosesEveryTenth extends SoundQueue {
  #enqueued = 0;
  override enqueue(item: QueueItem): void {
    if (++this.#enqueued % 10 !== 0) super.enqueue(item);
  }
}
class YieldsTwice extends SoundQueue {
  #yielded = 0;
  override next(now: number): QueueItem | undefined {
    const item = super.next(now);
    if (item && ++this.#yielded % 10 === 0) super.enqueue(item);
    return item;
  }
}
class ChangesItems extends SoundQueue {
  override enqueue(item: QueueItem): void {
    super.enqueue({ ...item, enqueuedAt: 0 });
  }
}
class PretendsEmpty extends SoundQueue {
  override next(now: number): QueueItem | undefined {
    return this.size === 1 ? undefined : super.next(now);
  }
}
class LastInFirstOut extends SoundQueue {
  override enqueue(item: QueueItem): void {
    this.lists[item.priority].unshift(item);
  }
}
class RemovesNeighbour extends SoundQueue {
  override remove(taskId: string): boolean {
    const { priority } = [...this.lists.interactive, ...this.lists.batch].find((item) => item.taskId === taskId) ?? {};
    const wasThere = super.remove(taskId);
    if (priority) this.lists[priority].pop();
    return wasThere;
  }
}
class RemovesNothing extends SoundQueue {
  override remove(taskId: string): boolean {
    return this.position(taskId, 0) !== undefined;
  }
}
class AlwaysSaysRemoved extends SoundQueue {
  override remove(taskId: string): boolean {
    super.remove(taskId);
    return true;
  }
}
class CountsPositionFromOne extends SoundQueue {
  override position(taskId: string, now: number): number | undefined {
    const position = super.position(taskId, now);
    return position === undefined ? undefined : position + 1;
  }
}
class PositionInsideClass extends SoundQueue {
  override position(taskId: string, _now: number): number | undefined {
    const positions = Object.values(this.lists).map((list) => list.findIndex((item) => item.taskId === taskId));
    return positions.find((position) => position !== -1);
  }
}
class PositionIgnoresPromotion extends SoundQueue {
  override next(now: number): QueueItem | undefined {
    const [head] = this.lists.batch;
    return head && now - head.enqueuedAt > 1_000 ? this.lists.batch.shift() : super.next(now);
  }
}
class KnowsWhatIsGone extends SoundQueue {
  override position(taskId: string, now: number): number | undefined {
    return super.position(taskId, now) ?? 0;
  }
}
class ForgetsToCount extends SoundQueue {
  #size = 0;
  override get size(): number {
    return this.#size;
  }
  override enqueue(item: QueueItem): void {
    this.#size++;
    super.enqueue(item);
  }
  override next(now: number): QueueItem | undefined {
    const item = super.next(now);
    if (item) this.#size--;
    return item;
  }
}
class CountsAllPerClass extends SoundQueue {
  override sizeOf(_priority: PriorityClass): number {
    return this.size;
  }
}
class PeekTakesOut extends SoundQueue {
  override peek(priority: PriorityClass, end: 'oldest' | 'newest'): QueueItem | undefined {
    return end === 'oldest' ? this.lists[priority].shift() : this.lists[priority].pop();
  }
}
class PeekConfusesEnds extends SoundQueue {
  override peek(priority: PriorityClass, end: 'oldest' | 'newest'): QueueItem | undefined {
    return super.peek(priority, end === 'oldest' ? 'newest' : 'oldest');
  }
}
class RequeuesAtTheBack extends SoundQueue {
  override requeue(item: QueueItem): void {
    this.enqueue(item);
  }
}
class PositionReorders extends SoundQueue {
  override position(taskId: string, now: number): number | undefined {
    const position = super.position(taskId, now);
    this.lists.interactive.reverse();
    return position;
  }
}
class PicksAtRandom extends SoundQueue {
  override next(_now: number): QueueItem | undefined {
    const list = this.lists.interactive.length > 0 ? this.lists.interactive : this.lists.batch;
    return list.splice(Math.floor(Math.random() * list.length), 1)[0];
  }
}

const shared = new SoundQueue();

export const queueMutants: readonly QueueMutant[] = [
  { wrong: 'loses an item', caughtBy: 'QD-01', createQueue: () => new LosesEveryTenth() },
  { wrong: 'yields an item twice', caughtBy: 'QD-01', createQueue: () => new YieldsTwice() },
  { wrong: 'changes items', caughtBy: 'QD-01', createQueue: () => new ChangesItems() },
  { wrong: 'keeps the last item back', caughtBy: 'QD-01', createQueue: () => new PretendsEmpty() },
  { wrong: 'lets the newest go first', caughtBy: 'QD-02', createQueue: () => new LastInFirstOut() },
  { wrong: 'removes a neighbour too', caughtBy: 'QD-03', createQueue: () => new RemovesNeighbour() },
  { wrong: 'removes nothing', caughtBy: 'QD-03', createQueue: () => new RemovesNothing() },
  { wrong: 'claims to have removed what was not there', caughtBy: 'QD-03', createQueue: () => new AlwaysSaysRemoved() },
  { wrong: 'counts positions from one', caughtBy: 'QD-04', createQueue: () => new CountsPositionFromOne() },
  { wrong: 'tells the position inside the class', caughtBy: 'QD-04', createQueue: () => new PositionInsideClass() },
  { wrong: 'forgets promotions in positions', caughtBy: 'QD-04', createQueue: () => new PositionIgnoresPromotion() },
  { wrong: 'tells a position of what is gone', caughtBy: 'QD-05', createQueue: () => new KnowsWhatIsGone() },
  { wrong: 'does not count removals', caughtBy: 'QD-06', createQueue: () => new ForgetsToCount() },
  { wrong: 'counts all classes in one', caughtBy: 'QD-06', createQueue: () => new CountsAllPerClass() },
  { wrong: 'takes out what it shows', caughtBy: 'QD-07', createQueue: () => new PeekTakesOut() },
  { wrong: 'shows the newest as the oldest', caughtBy: 'QD-07', createQueue: () => new PeekConfusesEnds() },
  { wrong: 'puts a requeued item at the back', caughtBy: 'QD-08', createQueue: () => new RequeuesAtTheBack() },
  { wrong: 'shares items between queues', caughtBy: 'QD-09', createQueue: () => shared },
  { wrong: 'reorders when it is asked for a position', caughtBy: 'QD-10', createQueue: () => new PositionReorders() },
  { wrong: 'picks at random', caughtBy: 'QD-10', createQueue: () => new PicksAtRandom() },
];
