import { isDeepStrictEqual } from 'node:util';
import { type PlacementFact, type Ranked } from '../../contracts/placement.js';
import { demand } from '../demand.js';
import { type Check } from '../kit.js';
import { SeededRandom } from '../seeded-random.js';
import { type PlacementSubject } from './placement-kit.js';
import { type Snapshot, snapshots } from './snapshots.js';

type PlacementCheck = Check<PlacementSubject>;

const FACTS: readonly string[] = ['memory', 'rates', 'dispatches', 'warmth'] satisfies PlacementFact[];

export const placementChecks: readonly PlacementCheck[] = [
  {
    name: 'PS-01 answers at once with a list',
    run({ strategy }) {
      for (const { task, candidates } of snapshots()) {
        const ranked: unknown = strategy.rank(task, candidates);
        demand(Array.isArray(ranked), 'rank did not return an array; it must be synchronous, so it may not be async.');
      }
    },
  },
  {
    name: 'PS-02 gives the same answer for the same snapshot',
    run({ strategy }) {
      const [first, second] = [snapshots(), snapshots()].map((all) =>
        all.map(({ task, candidates }) => strategy.rank(task, candidates)),
      );
      const sentence = 'The same snapshot was ranked differently; use neither state, clock nor randomness.';
      demand(isDeepStrictEqual(first, second), sentence, { actual: second, expected: first });
    },
  },
  eachRanking('PS-03 leaves its input as it was', ({ before, snapshot }) => {
    demand(isDeepStrictEqual(before, snapshot), 'rank changed its input; copy the list before sorting it.', {
      actual: snapshot,
      expected: before,
    });
  }),
  eachRanking('PS-04 names offered replicas only', ({ snapshot, ranked }) => {
    const offered = new Set(snapshot.candidates.map(({ replicaId }) => replicaId));
    const foreign = ranked.filter(({ replicaId }) => !offered.has(replicaId));
    demand(foreign.length === 0, 'A replica was named that was not offered; rank the given candidates only.', {
      actual: foreign,
      expected: [],
    });
  }),
  eachRanking('PS-05 names each replica once', ({ ranked }) => {
    const ids = ranked.map(({ replicaId }) => replicaId);
    demand(new Set(ids).size === ids.length, 'A replica was named twice; return each candidate at most once.');
  }),
  eachRanking('PS-06 gives a reason for each item', ({ ranked }) => {
    for (const { replicaId, why } of ranked) {
      const isSentence = typeof why === 'string' && why.trim() !== '';
      demand(isSentence, `"why" of ${replicaId} is empty; write one sentence for the receipt.`);
    }
  }),
  eachRanking('PS-07 lists finite scores, best first', ({ ranked }) => {
    const scores = ranked.map(({ score }) => score);
    demand(
      scores.every(Number.isFinite),
      'A score is no finite number; lower is better, so use a large one for "last".',
    );
    const isAscending = scores.every((score, place) => place === 0 || scores[place - 1]! <= score);
    demand(isAscending, 'The list is not sorted by score; the best, which has the lowest score, comes first.', {
      actual: scores,
      expected: [...scores].sort((a, b) => a - b),
    });
  }),
  eachRanking('PS-08 does not depend on the order of the candidates', ({ snapshot, ranked, strategy }, index) => {
    const shuffled = new SeededRandom(index).shuffle(snapshot.candidates);
    const again = strategy.rank(snapshot.task, shuffled);
    demand(
      isDeepStrictEqual(breakTies(ranked), breakTies(again)),
      'Another order of the candidates gave another ranking; decide by their facts alone, and leave ties to the host.',
      { actual: again, expected: ranked },
    );
  }),
  {
    name: 'PS-09 needs facts that there are',
    run({ strategy: { needs = [] } }) {
      const unknown = needs.filter((fact) => !FACTS.includes(fact));
      demand(unknown.length === 0, `The host knows no such facts; "needs" may name ${FACTS.join(', ')}.`, {
        actual: unknown,
        expected: [],
      });
    },
  },
];

interface Ranking {
  readonly strategy: PlacementSubject['strategy'];
  readonly snapshot: Snapshot;
  /** The snapshot as it was before ranking. */
  readonly before: Snapshot;
  readonly ranked: readonly Ranked[];
}

function eachRanking(name: string, examine: (ranking: Ranking, index: number) => void): PlacementCheck {
  return {
    name,
    run({ strategy }) {
      const untouched = snapshots();
      for (const [index, snapshot] of snapshots().entries()) {
        const ranked = strategy.rank(snapshot.task, snapshot.candidates);
        examine({ strategy, snapshot, before: untouched[index]!, ranked }, index);
      }
    },
  };
}

/** As the host does: equal scores stand in the order of their ids. */
function breakTies(ranked: readonly Ranked[]): Ranked[] {
  return [...ranked].sort((a, b) => a.score - b.score || (a.replicaId < b.replicaId ? -1 : 1));
}
