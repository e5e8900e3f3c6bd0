import fc from 'fast-check';
import { EventHeap } from './event-heap.js';

function drained(heap: EventHeap): { at: number; subject: number }[] {
  const taken = [];
  while (heap.take()) taken.push({ at: heap.at, subject: heap.subject });
  return taken;
}

it('gives events by time, and those of one time in the order in which they were put in (ORCH-4955)', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 3_000 }), (times) => {
      const heap = new EventHeap();
      times.forEach((at, subject) => heap.put(at, 0, subject));
      const expected = times.map((at, subject) => ({ at, subject })).sort((a, b) => a.at - b.at);
      expect(drained(heap)).toEqual(expected);
    }),
    { numRuns: 50 },
  );
});

it('keeps the order while events come and go (ORCH-4955)', () => {
  const heap = new EventHeap();
  heap.put(5, 1, 1, 11);
  heap.put(1, 2, 2, 22);
  expect([heap.take(), heap.at, heap.kind, heap.subject, heap.stamp]).toEqual([true, 1, 2, 2, 22]);
  heap.put(3, 3, 3, 33);
  expect(drained(heap).map(({ at }) => at)).toEqual([3, 5]);
  expect([heap.take(), heap.size]).toEqual([false, 0]);
});
