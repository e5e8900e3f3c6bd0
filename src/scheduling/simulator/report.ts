import { jainIndex, type Share } from './fairness.js';
import { type Observer } from './observer.js';
import { FATES, type Fate, type Outcomes } from './outcomes.js';
import { type SimFleet } from './sim-fleet.js';
import { type Moment } from './timeline.js';

/** Nearest-rank percentiles; null without a value. */
export interface Quantiles {
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** Tasks of one class or tenant, or all of them. Times in virtual ms. */
export interface GroupReport {
  readonly name: string;
  readonly tasks: number;
  readonly completed: number;
  /** First arrival to first token. */
  readonly ttft_ms: Quantiles;
  /** Admission to first start. */
  readonly queue_ms: Quantiles;
  readonly tokens_out: number;
}

export interface PredictionReport {
  /** Admitted tasks that were started. */
  readonly starts: number;
  /** Those of them that were told to wait, or had to. */
  readonly waits: number;
  /** Share of the waits that were over by the p90. */
  readonly within_p90: number | null;
  readonly within_p90_of_all_starts: number | null;
  readonly waits_over_1s: number;
  /** Of |p50 − wait| / wait, over waits of more than one second. */
  readonly median_relative_error: number | null;
  /** Callers that were refused and came again when they were told to. */
  readonly retried: number;
  readonly admitted_at_first_retry: number;
  readonly first_retry_rate: number | null;
}

export interface TenantShare {
  readonly tenant: string;
  readonly weight: number;
  /** Tokens served while the tenant and others had tasks waiting. */
  readonly served_tokens: number;
  /** Tokens that ideal weighted sharing would have served then. */
  readonly entitled_tokens: number;
  readonly ratio: number | null;
}

/** Everything that a simulation found out; plain data, the same on every run. */
export interface SimulationReport {
  readonly workload: { readonly name: string; readonly tasks: number; readonly seed: number };
  readonly fleet: {
    readonly pools: number;
    readonly replicas: number;
    readonly slots: number;
    readonly discipline: string;
    readonly placement: string;
  };
  /** Of all decisions, in their order: equal hashes are equal histories. */
  readonly decisions_sha256: string;
  readonly makespan_ms: number;
  readonly admissions: number;
  readonly requeues: number;
  readonly fates: Readonly<Record<Fate, number>>;
  /** How often each code was told to a caller. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly all: GroupReport;
  readonly classes: readonly GroupReport[];
  /** At most 100, those with the most tokens. */
  readonly tenants: readonly GroupReport[];
  readonly throughput_tokens_per_s: number;
  /** Tokens of answers that were complete, and before their deadline. */
  readonly goodput_tokens_per_s: number;
  readonly deadlines: { readonly tasks: number; readonly met: number; readonly ratio: number | null };
  readonly fairness: { readonly jain_index: number | null; readonly tenants: readonly TenantShare[] };
  readonly predictions: PredictionReport;
  readonly replicas: readonly { readonly replica_id: string; readonly utilisation: number }[];
  readonly timeline: readonly Moment[];
}

export interface ReportHead {
  readonly workload: SimulationReport['workload'];
  readonly fleet: Pick<SimulationReport['fleet'], 'discipline' | 'placement'>;
  readonly hash: string;
  readonly endedAt: number;
}

const MOST_TENANTS = 100;
const LONG_WAIT_MS = 1000;

export function reportOf(observer: Observer, fleet: SimFleet, head: ReportHead): SimulationReport {
  const { outcomes } = observer;
  const numbers = Array.from({ length: outcomes.count }, (_, number) => number);
  const seconds = Math.max(1, head.endedAt) / 1000;
  const done = numbers.filter((number) => outcomes.fateOf(number) === 'completed');
  return {
    workload: head.workload,
    fleet: {
      pools: fleet.outlooks.length,
      replicas: fleet.replicas.length,
      slots: fleet.replicas.reduce((sum, { speed }) => sum + speed.slots, 0),
      ...head.fleet,
    },
    decisions_sha256: head.hash,
    makespan_ms: rounded(head.endedAt),
    admissions: observer.admissions,
    requeues: observer.requeues,
    fates: fatesOf(outcomes),
    refusals: Object.fromEntries(observer.refusals),
    all: groupOf('all', numbers, outcomes),
    classes: groupsOf(outcomes.priority, outcomes.classes.all, outcomes),
    tenants: groupsOf(outcomes.tenant, outcomes.tenants.all, outcomes)
      .sort((a, b) => b.tokens_out - a.tokens_out)
      .slice(0, MOST_TENANTS),
    throughput_tokens_per_s: rounded(tokensOf(numbers, outcomes) / seconds),
    goodput_tokens_per_s: rounded(
      tokensOf(
        done.filter((number) => isInTime(number, outcomes)),
        outcomes,
      ) / seconds,
    ),
    deadlines: deadlinesOf(numbers, outcomes),
    fairness: fairnessOf(observer),
    predictions: predictionsOf(numbers, observer),
    replicas: fleet.replicas.map(({ id, busySlotMs, aliveMs, speed }) => ({
      replica_id: id,
      utilisation: share(busySlotMs, aliveMs * speed.slots) ?? 0,
    })),
    timeline: observer.timeline.moments(head.endedAt),
  };
}

function fatesOf({ fate }: Outcomes): Record<Fate, number> {
  const counts = new Array<number>(FATES.length + 1).fill(0);
  for (const one of fate) counts[one]!++;
  return Object.fromEntries(FATES.map((name, index) => [name, counts[index + 1]])) as Record<Fate, number>;
}

function groupsOf(keys: ArrayLike<number>, names: readonly string[], outcomes: Outcomes): GroupReport[] {
  const members: number[][] = names.map(() => []);
  for (let number = 0; number < keys.length; number++) members[keys[number]!]!.push(number);
  return names.map((name, index) => groupOf(name, members[index]!, outcomes));
}

function groupOf(name: string, numbers: readonly number[], outcomes: Outcomes): GroupReport {
  const { arrivedAt, admittedAt, startedAt, firstTokenAt } = outcomes;
  return {
    name,
    tasks: numbers.length,
    completed: numbers.filter((number) => outcomes.fateOf(number) === 'completed').length,
    ttft_ms: quantilesOf(numbers.map((number) => firstTokenAt[number]! - arrivedAt[number]!)),
    queue_ms: quantilesOf(numbers.map((number) => startedAt[number]! - admittedAt[number]!)),
    tokens_out: tokensOf(numbers, outcomes),
  };
}

function tokensOf(numbers: readonly number[], { tokensOut }: Outcomes): number {
  return numbers.reduce((sum, number) => sum + tokensOut[number]!, 0);
}

function isInTime(number: number, { deadlineAt, endedAt }: Outcomes): boolean {
  return Number.isNaN(deadlineAt[number]) || endedAt[number]! <= deadlineAt[number]!;
}

function deadlinesOf(numbers: readonly number[], outcomes: Outcomes): SimulationReport['deadlines'] {
  const withOne = numbers.filter((number) => !Number.isNaN(outcomes.deadlineAt[number]));
  const met = withOne.filter((number) => outcomes.fateOf(number) === 'completed' && isInTime(number, outcomes));
  return { tasks: withOne.length, met: met.length, ratio: share(met.length, withOne.length) };
}

/** A tenant's classes are added up: inside each it competes with the same others. */
function fairnessOf({ tenants }: Observer): SimulationReport['fairness'] {
  const sums = new Map<string, Share>();
  for (const one of [...tenants.interactive.shares(), ...tenants.batch.shares()]) {
    const { served = 0, entitled = 0 } = sums.get(one.name) ?? {};
    sums.set(one.name, { ...one, served: served + one.served, entitled: entitled + one.entitled });
  }
  const all = [...sums.values()];
  const ratios = all.filter(({ entitled }) => entitled > 0).map(({ served, entitled }) => served / entitled);
  return {
    jain_index: orNull(jainIndex(ratios)),
    tenants: all
      .sort((a, b) => b.entitled - a.entitled)
      .slice(0, MOST_TENANTS)
      .map(({ name, weight, served, entitled }) => ({
        tenant: name,
        weight,
        served_tokens: served,
        entitled_tokens: Math.round(entitled),
        ratio: share(served, entitled),
      })),
  };
}

function predictionsOf(
  numbers: readonly number[],
  { outcomes, retried, admittedAtFirstRetry }: Observer,
): PredictionReport {
  const { admittedAt, startedAt, promisedP50, promisedP90 } = outcomes;
  const started = numbers.filter((number) => !Number.isNaN(startedAt[number]));
  const wait = (number: number) => startedAt[number]! - admittedAt[number]!;
  const isKept = (number: number) => wait(number) <= promisedP90[number]!;
  const waits = started.filter((number) => wait(number) > 0 || promisedP50[number]! > 0);
  const long = started.filter((number) => wait(number) > LONG_WAIT_MS);
  const errors = long.map((number) => Math.abs(promisedP50[number]! - wait(number)) / wait(number));
  return {
    starts: started.length,
    waits: waits.length,
    within_p90: share(waits.filter(isKept).length, waits.length),
    within_p90_of_all_starts: share(started.filter(isKept).length, started.length),
    waits_over_1s: long.length,
    median_relative_error: quantilesOf(errors, 4).p50,
    retried,
    admitted_at_first_retry: admittedAtFirstRetry,
    first_retry_rate: share(admittedAtFirstRetry, retried),
  };
}

function quantilesOf(values: readonly number[], digits = 1): Quantiles {
  const sorted = Float64Array.from(values.filter((value) => !Number.isNaN(value))).sort();
  const at = (q: number) =>
    sorted.length === 0 ? null : rounded(sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!, digits);
  return { p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99) };
}

function share(part: number, whole: number): number | null {
  return whole > 0 ? rounded(part / whole, 4) : null;
}

function orNull(value: number | undefined): number | null {
  return value === undefined ? null : rounded(value, 4);
}

function rounded(value: number, digits = 1): number {
  const factor = digits === 1 ? 10 : 10_000;
  return Math.round(value * factor) / factor;
}
