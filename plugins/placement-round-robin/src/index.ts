import { definePlacementStrategy, type PlacementCandidate, type RankKey, rankBy, z } from '@llama-orch/plugin-sdk';

const KEYS: readonly RankKey[] = [({ dispatches = 0 }) => dispatches];

/** Gives each replica as many tasks as the others. */
export default definePlacementStrategy({
  id: 'round-robin',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: z.strictObject({}),
  create: () => ({ needs: ['dispatches'], rank: (_task, candidates) => rankBy(candidates, KEYS, explain) }),
});

function explain({ dispatches = 0 }: PlacementCandidate): string {
  return `It was given ${dispatches} task${dispatches === 1 ? '' : 's'} so far.`;
}
