import type {
  PlacementCandidate,
  PlacementStrategy,
  PlacementTask,
  QueueDisciplineFactory,
} from '@llama-orch/plugin-sdk';
import type { parseFleet } from '../../src/config/index.js';
import type { generate } from '../../src/scheduling/simulator/generators.js';
import type { Observer } from '../../src/scheduling/simulator/observer.js';
import type { SimReplica } from '../../src/scheduling/simulator/sim-replica.js';
import type { Simulation } from '../../src/scheduling/simulator/simulation.js';
import type { TaskSpec } from '../../src/scheduling/simulator/workload.js';

/** The simulator, from sources or as it was built. */
export interface Simulator {
  readonly parseFleet: typeof parseFleet;
  readonly generate: typeof generate;
  readonly Simulation: typeof Simulation;
  readonly Observer: typeof Observer;
  readonly queues: QueueDisciplineFactory;
}

/** Time from arrival to the last token, in ms. */
export interface Completion {
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
}

type Strategy = PlacementStrategy | 'oracle';

const QUEUE = 8_192;
/** Cards of three generations, each better at something: what is read fast is not always written fast. */
const FLEET = {
  pools: [
    {
      id: 'mixed',
      queue: { capacity: QUEUE },
      admission: { priorities: ['interactive', 'batch'].map((name) => ({ name, queue_capacity: QUEUE })) },
      replicas: [
        { count: 4, slots: 4, prefill_tps: 5_000, decode_tps: 90, slowdown: 0.06, labels: { device: 'new' } },
        { count: 4, slots: 4, prefill_tps: 1_000, decode_tps: 60, slowdown: 0.1, labels: { device: 'middle' } },
        { count: 8, slots: 2, prefill_tps: 700, decode_tps: 14, slowdown: 0.15, labels: { device: 'old' } },
      ],
    },
  ],
};
/** Chats and long batch work, half of the load each; lengths of answers are spread log-normally. */
const CHAT = { prompt_tokens: 400, output_tokens: 150, sigma: 1, hints: 0.3, retries: 50 };
const BATCH = { prompt_tokens: 3_000, output_tokens: 500, sigma: 1.2, hints: 0.3, retries: 50 };

/** Runs one strategy over about `count` tasks that keep the fleet at this load. */
export function completionOf(simulator: Simulator, strategy: Strategy, load: number, count: number): Completion {
  const fleet = simulator.parseFleet(FLEET);
  const specs = mixture(simulator, fleet, load, count);
  const observer = new simulator.Observer(specs.length, () => 1);
  const workload = { name: 'mixed', count: specs.length, faults: [], tasks: () => specs };
  const oracle = new Oracle(specs);
  const used = strategy === 'oracle' ? oracle : strategy;
  const simulation = new simulator.Simulation(
    { fleet, workload, queues: simulator.queues, strategy: used, seed: 1 },
    observer,
  );
  oracle.simulation = simulation;
  simulation.run();
  const { endedAt, arrivedAt } = observer.outcomes;
  return completion(specs.map((_, at) => endedAt[at]! - arrivedAt[at]!));
}

function mixture(
  { generate: make }: Simulator,
  fleet: ReturnType<typeof parseFleet>,
  load: number,
  count: number,
): TaskSpec[] {
  const chats = [...make('heavy-tail', { ...CHAT, tasks: count, load: load / 2 }, fleet, 1).tasks()];
  const batch = [...make('heavy-tail', { ...BATCH, tasks: count, load: load / 2 }, fleet, 2).tasks()];
  const all = [...chats, ...batch.map((spec) => ({ ...spec, priority: 'batch' as const }))];
  const endMs = Math.min(chats.at(-1)!.arrivalMs, batch.at(-1)!.arrivalMs);
  return all.filter(({ arrivalMs }) => arrivalMs <= endMs).sort((a, b) => a.arrivalMs - b.arrivalMs);
}

function completion(times: readonly number[]): Completion {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)]!;
  return { mean: times.reduce((sum, ms) => sum + ms, 0) / times.length, p50: at(0.5), p95: at(0.95) };
}

/** Knows how fast every replica is, how long every answer will be, and what is left of those that run. */
class Oracle implements PlacementStrategy {
  simulation: Simulation | undefined;
  private readonly specs: readonly TaskSpec[];

  /** Written without a parameter property, so that Node can run it as it stands. */
  constructor(specs: readonly TaskSpec[]) {
    this.specs = specs;
  }

  rank({ taskId }: PlacementTask, candidates: readonly PlacementCandidate[]) {
    const spec = this.specs[Number(taskId.split('/')[1])]!;
    const ends = candidates.map(({ replicaId: id }) => ({
      replicaId: id,
      score: endOn(this.simulation!.fleet.replica(id as never), spec),
      why: 'It is known.',
    }));
    return ends.sort((a, b) => a.score - b.score || (a.replicaId < b.replicaId ? -1 : 1));
  }
}

/** Ms until a task is finished that starts now, nobody else coming: slots go faster as others fall free. */
function endOn(replica: SimReplica, spec: TaskSpec): number {
  const { prefillTps, decodeTps, slowdown } = replica.speed;
  const own = (spec.promptTokens * 1000) / prefillTps + ((spec.outputTokens - 1) * 1000) / decodeTps;
  const done = replica.work();
  const others = replica.active.map(({ endWork }) => endWork - done).sort((a, b) => a - b);
  let [ms, worked] = [0, 0];
  others.forEach((end, at) => {
    const part = Math.max(0, Math.min(end, own) - worked);
    ms += part * (1 + slowdown * (others.length - at));
    worked += part;
  });
  return ms + (own - worked);
}
