import { z } from 'zod';
import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type FleetConfig } from '../../config/index.js';
import { exp, ln, normalQuantile } from '../../kernel/exact-math.js';
import { type Random, SeededRandom } from '../../kernel/random.js';
import { type Fault, type TaskSpec, type Workload } from './workload.js';

/** Parameters that every generator takes, with the names that stand behind `--set`. */
const common = {
  tasks: z.coerce.number().int().min(1).max(20_000_000).default(5_000),
  /** Work that arrives, as a share of what the fleet can do. */
  load: z.coerce.number().positive().max(100).default(0.9),
  /** Tasks per second; replaces `load`. */
  rate: z.coerce.number().positive().max(1e6).optional(),
  prompt_tokens: z.coerce.number().int().min(1).max(1_000_000).default(400),
  output_tokens: z.coerce.number().int().min(1).max(1_000_000).default(200),
  max_tokens: z.coerce.number().int().min(1).max(1_000_000).default(1_024),
  /** Share of the tasks whose caller gives `expected_tokens`, within a tenth of the truth. */
  hints: z.coerce.number().min(0).max(1).default(0),
  retries: z.coerce.number().int().min(0).max(1_000).default(2),
};

const steady = z.strictObject(common);
const bursty = z.strictObject({
  ...common,
  load: common.load.default(0.8),
  /** Rate inside a burst, relative to the mean. */
  burst: z.coerce.number().min(1).max(100).default(3),
  period_ms: z.coerce.number().int().min(1_000).max(86_400_000).default(60_000),
});
const heavyTail = z.strictObject({
  ...common,
  max_tokens: common.max_tokens.default(4_096),
  /** Spread of the logarithm of the output length. */
  sigma: z.coerce.number().min(0).max(3).default(1),
});
const mixed = z.strictObject({
  ...common,
  tenants: z.coerce.number().int().min(1).max(100_000).default(4),
  batch: z.coerce.number().min(0).max(1).default(0.3),
  /** Share of the interactive tasks with a deadline. */
  deadlines: z.coerce.number().min(0).max(1).default(0.2),
  deadline_ms: z.coerce.number().int().min(1).max(86_400_000).default(60_000),
});
const replicaDeath = z.strictObject({
  ...common,
  load: common.load.default(0.7),
  down_ms: z.coerce.number().int().min(1).max(86_400_000).default(60_000),
});

export const GENERATORS = {
  steady,
  bursty,
  'heavy-tail': heavyTail,
  mixed,
  'replica-death': replicaDeath,
} as const;
export type GeneratorName = keyof typeof GENERATORS;

type Common = z.output<typeof steady>;

/** What one generator makes of its parameters: lengths, and the ways in which it is not plain. */
interface Shape {
  readonly output: (random: Random, priority: PriorityClass) => number;
  readonly meanOutput: number;
  /** Rate at a time, relative to the mean. */
  readonly rateAt?: (ms: number) => number;
  readonly highestRate?: number;
  readonly caller?: (random: Random) => Pick<TaskSpec, 'priority' | 'tenant' | 'session' | 'deadlineMs'>;
}

const ANYBODY = { priority: 'interactive', tenant: 'default', session: undefined, deadlineMs: undefined } as const;
/** Lengths vary by this share around their mean, evenly. */
const VARIATION = 0.5;

/**
 * Makes a workload for a fleet.
 * @throws z.ZodError when a parameter is unknown or out of range
 */
export function generate(
  name: GeneratorName,
  parameters: Readonly<Record<string, unknown>>,
  fleet: FleetConfig,
  seed: number,
): Workload {
  const values = GENERATORS[name].parse(parameters);
  const shape = shapeOf(name, values);
  const perSecond = values.rate ?? values.load * capacityOf(fleet, values.prompt_tokens, shape.meanOutput);
  const durationMs = (values.tasks / perSecond) * 1000;
  return {
    name,
    count: values.tasks,
    faults: name === 'replica-death' ? deaths(values as z.output<typeof replicaDeath>, durationMs) : [],
    tasks: () => tasksOf(values, shape, perSecond, new SeededRandom(seed)),
  };
}

/** Tasks of this size that the fleet can do per second while every slot is busy. */
function capacityOf(fleet: FleetConfig, promptTokens: number, outputTokens: number): number {
  let perSecond = 0;
  for (const { count, slots, prefill_tps, decode_tps, slowdown } of fleet.pools.flatMap((pool) => pool.replicas)) {
    const seconds = (promptTokens / prefill_tps + outputTokens / decode_tps) * (1 + slowdown * (slots - 1));
    perSecond += (count * slots) / seconds;
  }
  return perSecond;
}

function shapeOf(name: GeneratorName, values: Common): Shape {
  const { output_tokens: mean } = values;
  const even: Shape = { output: (random) => around(mean, random), meanOutput: mean };
  switch (name) {
    case 'steady':
    case 'replica-death':
      return even;
    case 'bursty':
      return { ...even, ...bursts(values as z.output<typeof bursty>) };
    case 'heavy-tail': {
      const { sigma } = values as z.output<typeof heavyTail>;
      const median = mean * exp((-sigma * sigma) / 2);
      return { output: (random) => median * exp(sigma * normalQuantile(inside(random))), meanOutput: mean };
    }
    case 'mixed':
      return mixture(values as z.output<typeof mixed>);
  }
}

/** Each period begins with a burst, and the rest of it is quiet enough to keep the mean. */
function bursts({ burst, period_ms }: z.output<typeof bursty>): Pick<Shape, 'rateAt' | 'highestRate'> {
  const share = 0.5 / burst;
  const quiet = (1 - share * burst) / (1 - share);
  return { rateAt: (ms) => (ms % period_ms < share * period_ms ? burst : quiet), highestRate: burst };
}

/** Batch tasks are three times as long; the tenant with number n sends 1/(n+1) of what the first one does. */
function mixture({ tenants, batch, deadlines, deadline_ms, output_tokens }: z.output<typeof mixed>): Shape {
  const long = 3;
  const short = output_tokens / (1 - batch + long * batch);
  const totals: number[] = [];
  for (let number = 0; number < tenants; number++) totals.push((totals[number - 1] ?? 0) + 1 / (number + 1));
  return {
    meanOutput: output_tokens,
    output: (random, priority) => around(priority === 'batch' ? long * short : short, random),
    caller: (random) => {
      const priority = random.next() < batch ? 'batch' : 'interactive';
      const tenant = firstAbove(totals, random.next() * totals.at(-1)!);
      const hasDeadline = priority === 'interactive' && random.next() < deadlines;
      const session = `${tenant}-${Math.floor(random.next() * 8)}`;
      return { priority, tenant: `tenant-${tenant}`, session, deadlineMs: hasDeadline ? deadline_ms : undefined };
    },
  };
}

/** The first replica dies after a third of the run. */
function deaths({ down_ms }: z.output<typeof replicaDeath>, durationMs: number): Fault[] {
  const atMs = Math.round(durationMs / 3);
  return [{ replica: 0, atMs, backMs: atMs + down_ms }];
}

function* tasksOf(values: Common, shape: Shape, perSecond: number, random: Random): Iterable<TaskSpec> {
  const { highestRate = 1, rateAt = () => 1, caller = () => ANYBODY } = shape;
  let atMs = 0;
  for (let made = 0; made < values.tasks; made++) {
    // Thinning: arrivals at the highest rate, of which as many are kept as the rate of the moment asks for.
    do atMs += (-ln(inside(random)) * 1000) / (perSecond * highestRate);
    while (highestRate > 1 && random.next() * highestRate >= rateAt(atMs));
    const who = caller(random);
    const outputTokens = clamp(shape.output(random, who.priority), values.max_tokens);
    yield {
      ...who,
      arrivalMs: atMs,
      promptTokens: clamp(around(values.prompt_tokens, random), Infinity),
      outputTokens,
      maxTokens: values.max_tokens,
      expectedTokens: hintOf(outputTokens, values, random),
      model: undefined,
      cancelAfterMs: undefined,
      retries: values.retries,
    };
  }
}

function hintOf(outputTokens: number, { hints, max_tokens }: Common, random: Random): number | undefined {
  if (hints === 0 || random.next() >= hints) return undefined;
  return clamp(outputTokens * (0.9 + 0.2 * random.next()), max_tokens);
}

function around(mean: number, random: Random): number {
  return mean * (1 + VARIATION * (2 * random.next() - 1));
}

function clamp(tokens: number, most: number): number {
  return Math.min(most, Math.max(1, Math.round(tokens)));
}

/** Uniform in (0, 1), without its ends. */
function inside(random: Random): number {
  return (random.next() * 4_294_967_296 + 0.5) / 4_294_967_296;
}

function firstAbove(totals: readonly number[], value: number): number {
  let [low, high] = [0, totals.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (totals[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
