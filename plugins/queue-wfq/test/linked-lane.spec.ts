import { type QueueItem } from '@llama-orch/plugin-sdk';
import { LinkedLane } from '../src/linked-lane.js';

const item = (taskId: string, enqueuedAt = 0): QueueItem => ({ taskId, priority: 'batch', enqueuedAt });
const ids = (lane: LinkedLane) => Array.from(lane, ({ taskId }) => taskId).join(' ');

describe('a chain of items', () => {
  it('keeps the order in which they came, and lets one come back to the head (OC-CORE-1003)', () => {
    const lane = new LinkedLane();
    for (const taskId of ['a', 'b', 'c', 'd']) lane.addLast(item(taskId));
    expect(lane.takeFirst()?.taskId).toBe('a');
    expect([lane.remove('c'), lane.remove('c')]).toEqual([true, false]);
    lane.addFirst(item('a'));
    expect([ids(lane), lane.size, lane.oldest?.taskId, lane.newest?.taskId]).toEqual(['a b d', 3, 'a', 'd']);
  });

  it('has no ends once it is empty (OC-CORE-1005)', () => {
    const lane = new LinkedLane();
    lane.addLast(item('a'));
    lane.remove('a');
    expect([lane.size, lane.oldest, lane.newest, lane.takeFirst(), ids(lane)]).toEqual([0, undefined, undefined, undefined, '']); // prettier-ignore
  });

  it.each([
    [0, 'x a b c'],
    [10, 'x a b c'],
    [15, 'a x b c'],
    [99, 'a b c x'],
  ])('puts who arrived at %i among the others: %s (ORCH-4404)', (enqueuedAt, expected) => {
    const lane = new LinkedLane();
    for (const [at, taskId] of ['a', 'b', 'c'].entries()) lane.addLast(item(taskId, 10 + 10 * at));
    lane.insertByArrival(item('x', enqueuedAt));
    expect(ids(lane)).toBe(expected);
  });
});
