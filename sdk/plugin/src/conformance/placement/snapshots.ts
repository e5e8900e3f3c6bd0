import { type PlacementCandidate, type PlacementTask } from '../../contracts/placement.js';
import { SeededRandom } from '../seeded-random.js';

export interface Snapshot {
  readonly task: PlacementTask;
  readonly candidates: readonly PlacementCandidate[];
}

const SNAPSHOTS = 80;
const GIBIBYTE = 2 ** 30;

/** Generated snapshots, from an empty one to thirty candidates, with many ties. */
export function snapshots(): Snapshot[] {
  return Array.from({ length: SNAPSHOTS }, (_, seed) => snapshot(new SeededRandom(seed)));
}

function snapshot(random: SeededRandom): Snapshot {
  const count = random.pick([0, 1, 2, 3, 10, 30]);
  return {
    task: {
      taskId: `task-${random.below(1_000)}`,
      priority: random.pick(['interactive', 'batch'] as const),
      ...(random.chance(50) && { sessionId: `session-${random.below(5)}` }),
    },
    candidates: random.shuffle(Array.from({ length: count }, (_, index) => candidate(random, index))),
  };
}

function candidate(random: SeededRandom, index: number): PlacementCandidate {
  const slotsTotal = 1 + random.below(6);
  return {
    replicaId: `replica-${index}`,
    slotsTotal,
    slotsBusy: random.below(slotsTotal),
    labels: random.chance(70) ? { zone: `zone-${random.below(3)}` } : {},
    ...(random.chance(70) && { freeVramBytes: random.below(4) * GIBIBYTE }),
  };
}
