import {
  type Footprint,
  type GpuRoom,
  type PlacementCandidate,
  type PlacementTask,
} from '../../contracts/placement.js';
import { SeededRandom } from '../seeded-random.js';

export interface Snapshot {
  readonly task: PlacementTask;
  readonly candidates: readonly PlacementCandidate[];
}

/** A new replica that looks for devices. */
export interface FitQuestion {
  readonly footprint: Footprint;
  readonly gpus: readonly GpuRoom[];
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
      ...(random.chance(70) && { promptTokens: random.below(4_000), expectedTokens: 1 + random.below(800) }),
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
    ...(random.chance(70) && { dispatches: random.below(5) }),
    ...(random.chance(10) && { warmTokens: random.below(4_000) }),
    ...(random.chance(70) && { rates: rates(random) }),
  };
}

function rates(random: SeededRandom): PlacementCandidate['rates'] {
  return {
    prefillTps: 500 * (1 + random.below(6)),
    decodeTps: 10 * (1 + random.below(6)),
    slowdown: random.below(4) / 10,
    uncertainty: random.below(5) / 4,
  };
}

/** Generated questions, from a mask without devices to four of them, with and without a split, roomy and tight. */
export function fitQuestions(): FitQuestion[] {
  return Array.from({ length: SNAPSHOTS }, (_, seed) => fitQuestion(new SeededRandom(seed)));
}

function fitQuestion(random: SeededRandom): FitQuestion {
  const count = random.below(5);
  const gpus = Array.from({ length: count }, (_, place) => {
    const vramTotalBytes = 8 * (1 + random.below(3)) * GIBIBYTE;
    return { index: place * 2 + random.below(2), vramTotalBytes, freeBytes: (vramTotalBytes / 8) * random.below(9) };
  });
  const footprint = { weightsBytes: random.below(14) * GIBIBYTE, kvBytes: (1 + random.below(4)) * (GIBIBYTE / 2) };
  const split = count > 1 && random.chance(50);
  return { footprint: split ? { ...footprint, tensorSplit: shares(random, count) } : footprint, gpus };
}

function shares(random: SeededRandom, count: number): number[] {
  const parts = Array.from({ length: count }, () => 1 + random.below(3));
  const whole = parts.reduce((sum, part) => sum + part, 0);
  return parts.map((part) => part / whole);
}
