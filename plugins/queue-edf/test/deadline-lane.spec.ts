import fc from 'fast-check';
import { type QueueItem } from '@llama-orch/plugin-sdk';
import { DeadlineClassLane } from '../src/deadline-class-lane.js';

const item = (taskId: string, enqueuedAt: number, deadlineAt?: number): QueueItem => ({
  taskId,
  priority: 'batch',
  enqueuedAt,
  ...(deadlineAt !== undefined && { deadlineAt }),
});
const due = ({ deadlineAt = Infinity }: QueueItem) => deadlineAt;

/** The same calls on a lane and on a list that is searched from end to end. */
class Pair {
  readonly lane = new DeadlineClassLane();
  list: QueueItem[] = [];
  #made = 0;

  addLast(deadlineAt: number | undefined): void {
    const one = item(`task-${this.#made}`, 10 * this.#made++, deadlineAt);
    this.lane.addLast(one);
    const at = this.list.findIndex((other) => due(other) > due(one));
    this.list.splice(at === -1 ? this.list.length : at, 0, one);
  }
  /** The head goes out and comes back. */
  comeBack(): void {
    const one = this.takeFirst();
    if (one === undefined) return;
    this.lane.addFirst(one);
    const at = this.list.findIndex((other) => due(other) >= due(one));
    this.list.splice(at === -1 ? this.list.length : at, 0, one);
  }
  takeFirst(): QueueItem | undefined {
    const [one, expected] = [this.lane.takeFirst(), this.list.shift()];
    expect(one).toEqual(expected);
    return one;
  }
  remove(draw: number): void {
    const [one] = this.list.splice(draw % Math.max(1, this.list.length), 1);
    if (one !== undefined) expect(this.lane.remove(one.taskId)).toBe(true);
    expect(this.lane.remove(one?.taskId ?? 'task-none')).toBe(false);
  }
  compare(time: number): void {
    const byArrival = this.list.toSorted((a, b) => a.enqueuedAt - b.enqueuedAt);
    expect([...this.lane]).toEqual(this.list);
    expect([this.lane.size, this.lane.oldest, this.lane.newest]).toEqual([this.list.length, byArrival[0], byArrival.at(-1)]); // prettier-ignore
    expect(this.lane.oldestWaitsSince).toBe(byArrival[0]?.enqueuedAt ?? Infinity);
    expect(this.list.map(({ taskId }) => this.lane.indexOf(taskId))).toEqual([...this.list.keys()]);
    expect(this.lane.countWaitingSince(time)).toBe(this.list.findLastIndex(({ enqueuedAt }) => enqueuedAt <= time) + 1);
  }
}

describe('a lane by deadline', () => {
  it('agrees with a sorted list, whatever comes, goes and comes back (ORCH-4409, ORCH-4402)', () => {
    const call = fc.record({
      kind: fc.constantFrom('add', 'add', 'add', 'take', 'remove', 'comeBack'),
      draw: fc.nat(50),
      deadlineAt: fc.option(fc.nat(20), { nil: undefined }),
      time: fc.nat(600),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 70 }), (calls) => {
        const pair = new Pair();
        for (const { kind, draw, deadlineAt, time } of calls) {
          if (kind === 'add') pair.addLast(deadlineAt);
          else if (kind === 'take') pair.takeFirst();
          else if (kind === 'remove') pair.remove(draw);
          else pair.comeBack();
          pair.compare(time);
        }
      }),
      { seed: 4409, numRuns: 200 },
    );
  });

  it.each([
    ['ascending', (at: number) => at],
    ['descending', (at: number) => -at],
    ['all alike', () => 7],
  ])('stays quick when deadlines come %s (OC-CORE-1001)', (_order, deadlineOf) => {
    const lane = new DeadlineClassLane();
    for (let at = 0; at < 50_000; at++) lane.addLast(item(`task-${at}`, at, deadlineOf(at)));
    expect(lane.indexOf('task-25000')).toBe(deadlineOf(1) === -1 ? 24_999 : 25_000);
    for (let left = 50_000; left > 0; left--) lane.takeFirst();
    expect([lane.size, lane.takeFirst()]).toEqual([0, undefined]);
  });
});
