import { type PlacementCandidate, type PlacementStrategy } from '@llama-orch/plugin-sdk';
import roundRobin from '../src/index.js';

const strategy = roundRobin.create({}, { log: () => {} }) as PlacementStrategy;
const task = { taskId: 't', priority: 'interactive' } as const;

function candidate(replicaId: string, dispatches?: number): PlacementCandidate {
  return { replicaId, slotsBusy: 0, slotsTotal: 2, labels: {}, ...(dispatches !== undefined && { dispatches }) };
}

describe('round-robin', () => {
  it('prefers who was given the fewest tasks, the first id among equals (ORCH-3008, OC-CORE-1012)', () => {
    const ranked = strategy.rank(task, [candidate('c', 2), candidate('b', 1), candidate('a', 2)]);
    expect(ranked).toEqual([
      { replicaId: 'b', score: 0, why: 'It was given 1 task so far.' },
      { replicaId: 'a', score: 1, why: 'It was given 2 tasks so far.' },
      { replicaId: 'c', score: 1, why: 'It was given 2 tasks so far.' },
    ]);
  });

  it('goes round when each choice counts (ORCH-3008)', () => {
    const counts = new Map([...'abc'].map((id) => [id, 0]));
    const taken = Array.from({ length: 7 }, () => {
      const [first] = strategy.rank(
        task,
        Array.from(counts, ([id, count]) => candidate(id, count)),
      );
      counts.set(first!.replicaId, counts.get(first!.replicaId)! + 1);
      return first!.replicaId;
    });
    expect(taken.join('')).toBe('abcabca');
  });

  it('asks the host for the counts, and takes no options (ORCH-4701)', () => {
    expect(strategy.needs).toEqual(['dispatches']);
    expect(roundRobin.options.safeParse({ start: 1 }).success).toBe(false);
  });
});
