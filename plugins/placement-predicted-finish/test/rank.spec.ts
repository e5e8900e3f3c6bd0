import { type PlacementCandidate, type PlacementStrategy, type ReplicaRates } from '@llama-orch/plugin-sdk';
import predictedFinish from '../src/index.js';

const strategy = predictedFinish.create({}, { log: () => {} }) as PlacementStrategy;
const task = { taskId: 't', priority: 'interactive', promptTokens: 1_000, expectedTokens: 100 } as const;

function candidate(replicaId: string, rates?: Partial<ReplicaRates>, more: Partial<PlacementCandidate> = {}) {
  const measured = { prefillTps: 1_000, decodeTps: 50, slowdown: 0, uncertainty: 0, ...rates };
  const known: Partial<PlacementCandidate> = rates === undefined ? {} : { rates: measured };
  return { replicaId, slotsBusy: 0, slotsTotal: 4, labels: {}, ...known, ...more };
}

const order = (...candidates: PlacementCandidate[]): string[] =>
  strategy.rank(task, candidates).map(({ replicaId }) => replicaId);

describe('predicted-finish', () => {
  it('prefers the first predicted end, reading and writing together (ORCH-4406)', () => {
    const reader = candidate('reader', { prefillTps: 4_000, decodeTps: 40 });
    const writer = candidate('writer', { prefillTps: 500, decodeTps: 100 });
    expect(order(writer, reader)).toEqual(['reader', 'writer']);
    const short = strategy.rank({ ...task, promptTokens: 100 }, [reader, writer]);
    expect(short.map(({ replicaId }) => replicaId)).toEqual(['writer', 'reader']);
  });

  it('counts what busy slots cost there (ORCH-4406)', () => {
    const crowded = candidate('crowded', { decodeTps: 60, slowdown: 0.2 }, { slotsBusy: 3 });
    expect(order(crowded, candidate('idle', {}))).toEqual(['idle', 'crowded']);
  });

  it('saves the part of the prompt that a cache holds (ORCH-4406)', () => {
    const warm = candidate('warm', { decodeTps: 40 }, { warmTokens: 900 });
    expect(order(candidate('cold', { decodeTps: 50 }), warm)).toEqual(['warm', 'cold']);
    expect(order(candidate('cold', { decodeTps: 100 }), warm)).toEqual(['cold', 'warm']);
  });

  it('gives what was measured little the benefit of the doubt (ORCH-4406)', () => {
    const doubtful = candidate('doubtful', { decodeTps: 40, uncertainty: 0.5 });
    expect(order(candidate('known', {}), doubtful)).toEqual(['doubtful', 'known']);
    expect(order(candidate('known', {}), candidate('slow', { decodeTps: 20, uncertainty: 0.5 }))[0]).toBe('known');
  });

  it('breaks ties by warmth, then by load, then by id (OC-CORE-1012)', () => {
    const busy = candidate('a', {}, { slotsBusy: 2 });
    const warm = candidate('w', { prefillTps: 500 }, { warmTokens: 500, slotsBusy: 3 });
    expect(order(busy, candidate('c', {}), candidate('b', {}), warm)).toEqual(['w', 'b', 'c', 'a']);
  });

  it('puts replicas of unknown speed last, by their load (ORCH-1103)', () => {
    const slow = candidate('slow', { decodeTps: 1 });
    expect(order(candidate('x', undefined, { slotsBusy: 1 }), candidate('y'), slow)).toEqual(['slow', 'y', 'x']);
  });

  it('names its numbers (ORCH-4414)', () => {
    const rates = { prefillTps: 2_000, decodeTps: 50, slowdown: 0.05, uncertainty: 0.1 };
    const [first, last] = strategy.rank(task, [
      candidate('a', rates, { slotsBusy: 2, warmTokens: 200 }),
      candidate('b'),
    ]);
    expect(first!.why).toBe(
      'Finished in 2.40 s at best: 0.44 s to read 800 tokens beside 200 warm ones at 2000.0/s, 2.20 s to write 100 at 50.0/s, 2 busy slots slow it by 10 %, the rates may be off by 10 %.',
    );
    expect(last!.why).toBe('Nothing is known of its speed.');
  });

  it('ranks a task of unknown size as a usual one (ORCH-4406)', () => {
    const unsized = { taskId: 't', priority: 'batch' } as const;
    const ranked = strategy.rank(unsized, [candidate('a', {}), candidate('b', { decodeTps: 80 })]);
    expect(ranked.map(({ replicaId }) => replicaId)).toEqual(['b', 'a']);
  });

  it('asks the host for rates and warmth, and takes no options (ORCH-4701)', () => {
    expect(strategy.needs).toEqual(['rates', 'warmth']);
    expect(predictedFinish.options.safeParse({ risk: 1 }).success).toBe(false);
  });
});
