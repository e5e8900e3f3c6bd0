import { type PlacementCandidate, type PlacementStrategy } from '@llama-orch/plugin-sdk';
import { FakeClock } from '../../test/support/fake-clock.js';
import { type RankingFailure, watchedStrategy } from './watched-strategy.js';

const CANDIDATE: PlacementCandidate = { replicaId: 'a', slotsTotal: 1, slotsBusy: 0, labels: {} };
const TASK = {} as Parameters<PlacementStrategy['rank']>[0];
const RANKING = [{ replicaId: 'a', score: 1, why: 'it is alone' }];

/** A strategy that takes this long, and what is told of it. */
function watched(tookMs: number, rank = () => RANKING, more: Partial<PlacementStrategy> = {}) {
  const clock = new FakeClock();
  const failures: RankingFailure[] = [];
  const ranking = (): typeof RANKING => (clock.leap(tookMs), rank());
  return {
    failures,
    strategy: watchedStrategy({ rank: ranking, ...more }, clock, (reason) => failures.push(reason)),
  };
}

describe('A placement strategy of a running daemon', () => {
  it.each([
    [1, []],
    [1.5, ['slow']],
  ])('is answered for after %d ms as it ranked, with failures %j', (tookMs, told) => {
    const { strategy, failures } = watched(tookMs);
    expect(strategy.rank(TASK, [CANDIDATE])).toBe(RANKING);
    expect(failures).toEqual(told);
  });

  it('throws what it threw, and that is told', () => {
    const { strategy, failures } = watched(0, () => {
      throw new Error('broken');
    });
    expect(() => strategy.rank(TASK, [CANDIDATE])).toThrow('broken');
    expect(failures).toEqual(['threw']);
  });

  it('keeps what else it can do', () => {
    const { strategy } = watched(0, undefined, { needs: ['rates'], fit: () => [3] });
    expect([strategy.needs, strategy.fit?.({} as never, [])]).toEqual([['rates'], [3]]);
    expect(Object.keys(watched(0).strategy)).toEqual(['rank']);
  });
});
