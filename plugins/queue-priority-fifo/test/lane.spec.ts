import { type QueueItem } from '@llama-orch/plugin-sdk';
import { Lane } from '../src/lane.js';

const item = (taskId: string, enqueuedAt = 0): QueueItem => ({ taskId, priority: 'batch', enqueuedAt });

/** Repeatable whole numbers below a limit. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** The same calls on a lane and on a plain list. */
class Pair {
  readonly lane = new Lane();
  readonly list: string[] = [];
  #made = 0;

  constructor(private readonly below: (limit: number) => number) {}

  addLast(): void {
    const taskId = `task-${this.#made++}`;
    this.lane.addLast(item(taskId, this.#made));
    this.list.push(taskId);
  }
  addFirst(): void {
    const taskId = `task-${this.#made++}`;
    this.lane.addFirst(item(taskId, 0));
    this.list.unshift(taskId);
  }
  takeFirst(): void {
    expect(this.lane.takeFirst()?.taskId).toBe(this.list.shift());
  }
  removeAny(): void {
    if (this.list.length === 0) return;
    const [taskId] = this.list.splice(this.below(this.list.length), 1);
    expect(this.lane.remove(taskId!)).toBe(true);
  }
  compare(): void {
    expect(this.list.map((taskId) => this.lane.indexOf(taskId))).toEqual([...this.list.keys()]);
    expect([this.lane.size, this.lane.oldest?.taskId, this.lane.newest?.taskId]).toEqual([
      this.list.length,
      this.list.at(0),
      this.list.at(-1),
    ]);
  }
}

describe('a lane', () => {
  it.each([1, 2, 3, 4, 5])(
    'agrees with a plain list while it grows, wraps and shrinks, seed %i (OC-CORE-1001)',
    (seed) => {
      const below = numbers(seed);
      const pair = new Pair(below);
      const calls = ['addLast', 'addFirst', 'takeFirst', 'removeAny'] as const;
      // Out of 100 calls: first more come than go, then more go than come, then again.
      const phases = [
        [70, 75, 85],
        [20, 25, 60],
        [50, 60, 62],
        [10, 12, 20],
      ] as const;
      for (const shares of phases) {
        for (let step = 0; step < 1_500; step++) {
          const draw = below(100);
          pair[calls[shares.findIndex((share) => draw < share)] ?? 'removeAny']();
        }
        pair.compare();
      }
    },
  );

  it('counts those who wait since a time, over the holes of others (ORCH-4403)', () => {
    const lane = new Lane();
    for (let at = 0; at < 500; at++) lane.addLast(item(`task-${at}`, at));
    for (let at = 0; at < 500; at += 2) lane.remove(`task-${at}`);
    const expected = (time: number): number => Math.min(250, Math.ceil(time / 2));
    for (const time of [-1, 0, 1, 2, 249, 250, 499, 1_000]) {
      expect(lane.countWaitingSince(time)).toBe(time < 0 ? 0 : expected(time));
    }
  });

  it('keeps waits in order when arrivals are not: nobody waits longer than the one before (ORCH-4403)', () => {
    const lane = new Lane();
    lane.addLast(item('first', 100));
    lane.addLast(item('second', 50));
    lane.addFirst(item('lost', 120));
    expect(lane.countWaitingSince(99)).toBe(0);
    expect(lane.oldestWaitsSince).toBe(100);
    expect(lane.countWaitingSince(100)).toBe(3);
  });

  it('needs memory for what waits, not for what went by (OC-CORE-1003)', () => {
    const lane = new Lane();
    for (let at = 0; at < 50_000; at++) {
      lane.addLast(item(`task-${at}`));
      if (at >= 10) lane.remove(`task-${at - 5}`);
    }
    expect(lane.capacity).toBe(64);
    for (let at = 0; at < 5_000; at++) lane.addLast(item(`more-${at}`));
    expect(lane.capacity).toBeLessThanOrEqual(8 * lane.size);
    while (lane.takeFirst());
    expect(lane.capacity).toBe(64);
  });
});
