import { oneFleet } from '../../../test/support/simulator-rig.js';
import { alternativesOf } from './alternatives.js';

const fleet = oneFleet({}, { queue: { capacity: 100 } }, { scheduler: { options: { batch_max_wait_ms: 5 } } });

it('is the fleet alone when nothing is compared (ORCH-4955)', () => {
  expect(alternativesOf(undefined, fleet)).toEqual([{ name: 'as it is', fleet }]);
});

it('changes the discipline, whose options stay with the one that has them (ORCH-4955)', () => {
  const [own, other] = alternativesOf('discipline=priority-fifo,wfq', fleet).map((one) => one.fleet.scheduler);
  expect(own).toEqual(fleet.scheduler);
  expect(other).toMatchObject({ discipline: 'wfq', options: {} });
});

it('changes placement, capacity and full-queue policy of every pool (ORCH-4955)', () => {
  expect(alternativesOf('placement=a,b', fleet)[1]!.fleet.scheduler.placement).toBe('b');
  const [pool] = alternativesOf('queue=50,200', fleet)[1]!.fleet.pools;
  expect(pool!.queue.capacity).toBe(200);
  expect(pool!.admission.priorities.map(({ name, queue_capacity }) => [name, queue_capacity])).toEqual([
    ['interactive', 200],
    ['batch', 64],
  ]);
  const [shedding] = alternativesOf('policy=reject,shed-low-priority', fleet)[1]!.fleet.pools;
  expect(shedding!.admission.priorities.map(({ full_policy }) => full_policy)).toEqual(
    Array(2).fill('shed-low-priority'),
  );
});

it.each([
  ['colour=a,b', /can compare discipline, placement, queue, policy/],
  ['toString=a,b', /can compare/],
  ['queue=5', /give 2 to 12 values/],
  ['queue=5,x', /"x" is no capacity/],
  ['queue=5,0', /"0" is no capacity/],
  ['policy=reject,hope', /"hope" is no policy/],
])('refuses %s with what would be right (ORCH-4802)', (compare, message) => {
  expect(() => alternativesOf(compare, fleet)).toThrow(message);
});
