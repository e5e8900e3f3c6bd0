import { place } from './placement.js';

const item = { taskId: 't', priority: 'interactive', enqueuedAt: 0 } as const;
const leastBusy = {
  rank: (_: unknown, candidates: readonly { replicaId: string; slotsBusy: number }[]) =>
    [...candidates]
      .sort((a, b) => a.slotsBusy - b.slotsBusy)
      .map(({ replicaId, slotsBusy }) => ({ replicaId, score: slotsBusy, why: `${slotsBusy} busy.` })),
};

/** Where the session's task goes: its last replica is `p-0`. */
function placed(busy: readonly number[], affinityMaxLoad?: number, slotsTotal = 4) {
  const candidates = busy.map((slotsBusy, at) => ({ replicaId: `p-${at}`, slotsTotal, slotsBusy, labels: {} }));
  const question = { item, size: undefined, candidates, wish: 'p-0', affinityMaxLoad };
  return place(question, leastBusy, (id) => candidates.some(({ replicaId }) => replicaId === id))!;
}

describe('a task of a session', () => {
  it("goes to the replica of the session's last answer, whatever the ranking is (ORCH-3009, OC-CORE-1013)", () => {
    expect(placed([2, 1], 0.5)).toEqual({
      replicaId: 'p-0',
      why: "the session's last task ran here, so its cache may be warm",
      ranking: [],
    });
  });

  it.each([
    [[3, 1], 0.5, 'p-0'],
    [[3, 0], 0.5, 'p-1'],
    [[1, 0], 0.2, 'p-1'],
    [[1, 0], 0.25, 'p-0'],
    [[1, 1], 0, 'p-0'],
    [[3, 0], 1, 'p-0'],
    [[3, 0], undefined, 'p-0'],
  ])('of loads %j with %s more at most, goes to %s (OC-CORE-1013)', (busy, most, chosen) => {
    expect(placed(busy, most).replicaId).toBe(chosen);
  });

  it('is not kept from its replica by the rounding of fractions (OC-CORE-1013)', () => {
    expect(0.8 - 0.5).toBeGreaterThan(0.3);
    expect(placed([8, 5], 0.3, 10).replicaId).toBe('p-0');
  });

  it('says why its last replica was passed over (ORCH-3009, ORCH-4414)', () => {
    const { why, ranking } = placed([3, 2, 0], 0.5);
    expect(why).toBe(
      "0 busy. The session's last replica p-0 was passed over: 3 of 4 slots are busy there, 0 of 4 slots on p-2.",
    );
    expect(ranking).toHaveLength(3);
  });
});
