import { oneFleet, run, workloadOf } from '../../../test/support/simulator-rig.js';

/** When the last of three turns that come at once is over: each runs alone for 1.1 s, and as long again for each that shares its replica. */
function lastTurnEndsAt(scheduler: object): number {
  const fleet = oneFleet({ count: 2, slots: 4, slowdown: 1 }, {}, { scheduler });
  const turn = { session: 's' };
  const workload = workloadOf(turn, ...[2_000, 2_001, 2_002].map((arrivalMs) => ({ ...turn, arrivalMs })));
  return run(workload, fleet).observer.outcomes.endedAt[3]!;
}

describe('scheduler.affinity_max_load', () => {
  it('is how much busier the replica of a session may be before another one is taken (ORCH-3009, OC-CORE-1013)', () => {
    expect(lastTurnEndsAt({ affinity_max_load: 1 })).toBeGreaterThan(5_000);
    expect(lastTurnEndsAt({ affinity_max_load: 0.25 })).toBeCloseTo(3_102, 0);
  });

  it('is half of the slots unless it is set (OC-CORE-1013)', () => {
    expect(lastTurnEndsAt({})).toBe(lastTurnEndsAt({ affinity_max_load: 0.5 }));
    expect(lastTurnEndsAt({})).toBeGreaterThan(5_000);
  });
});
