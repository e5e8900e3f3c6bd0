import { type GroupReport, type Quantiles, type SimulationReport } from './report.js';

/** A part of a report as people read it: a title and a small table. */
export interface Section {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const MOST_ROWS = 12;
const NOTHING = '–';

/** The report in tables, the most important first. */
export function sectionsOf(report: SimulationReport): Section[] {
  return [
    summary(report),
    groups('First token and queue time', 'TASKS OF', [report.all, ...report.classes]),
    groups('By tenant', 'TENANT', report.tenants.length < 2 ? [] : report.tenants),
    promises(report),
    shares(report),
    refusals(report),
    utilisation(report),
  ].filter(({ rows }) => rows.length > 0);
}

/** The same workload under alternatives, one column for each. */
export function comparisonOf(names: readonly string[], reports: readonly SimulationReport[]): Section {
  const row = (title: string, read: (report: SimulationReport) => string) => [title, ...reports.map(read)];
  const interactive = (report: SimulationReport) =>
    report.classes.find(({ name }) => name === 'interactive') ?? report.all;
  return {
    title: 'Alternatives',
    head: ['', ...names],
    rows: [
      row('completed', ({ fates }) => String(fates.completed)),
      row('refused', ({ fates }) => String(fates.refused)),
      row('TTFT p50', ({ all }) => time(all.ttft_ms.p50)),
      row('TTFT p95', ({ all }) => time(all.ttft_ms.p95)),
      row('interactive TTFT p95', (report) => time(interactive(report).ttft_ms.p95)),
      row('queue time p95', ({ all }) => time(all.queue_ms.p95)),
      row('goodput tokens/s', (report) => String(report.goodput_tokens_per_s)),
      row('deadlines met', ({ deadlines }) => percent(deadlines.ratio)),
      row('Jain index', ({ fairness }) => decimal(fairness.jain_index)),
      row('started within p90', ({ predictions }) => percent(predictions.within_p90)),
      row('makespan', (report) => time(report.makespan_ms)),
    ],
  };
}

function summary({ workload, fleet, ...report }: SimulationReport): Section {
  const { fates } = report;
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
  return {
    title: `${workload.name}, ${count(workload.tasks, 'task')}, seed ${workload.seed}`,
    head: ['WHAT', 'VALUE'],
    rows: [
      ['fleet', `${count(fleet.pools, 'pool')}, ${count(fleet.replicas, 'replica')}, ${count(fleet.slots, 'slot')}`],
      ['discipline, placement', `${fleet.discipline}, ${fleet.placement}`],
      ['makespan', time(report.makespan_ms)],
      ['completed', `${fates.completed} of ${workload.tasks}`],
      ...Object.entries(fates)
        .filter(([fate, number]) => fate !== 'completed' && number > 0)
        .map(([fate, number]) => [fate, String(number)]),
      ['throughput, goodput', `${report.throughput_tokens_per_s}, ${report.goodput_tokens_per_s} tokens/s`],
      ...(report.deadlines.tasks === 0
        ? []
        : [['deadlines met', `${percent(report.deadlines.ratio)} of ${report.deadlines.tasks}`]]),
      ['decisions', report.decisions_sha256.slice(0, 16)],
    ],
  };
}

function groups(title: string, label: string, all: readonly GroupReport[]): Section {
  const four = ({ p50, p90, p95, p99 }: Quantiles) => [p50, p90, p95, p99].map(time);
  return {
    title,
    head: [label, 'TASKS', 'DONE', 'TTFT P50', 'P90', 'P95', 'P99', 'QUEUE P50', 'P90', 'P95', 'P99'],
    rows: all
      .slice(0, MOST_ROWS)
      .map((group) => [
        group.name,
        String(group.tasks),
        String(group.completed),
        ...four(group.ttft_ms),
        ...four(group.queue_ms),
      ]),
  };
}

function promises({ predictions }: SimulationReport): Section {
  const retried = `${percent(predictions.first_retry_rate)} of ${predictions.retried}`;
  return {
    title: 'Promises kept',
    head: ['PROMISE', 'OUTCOME'],
    rows: [
      ['waits over by their p90', `${percent(predictions.within_p90)} of ${predictions.waits}`],
      [
        'median error of p50, waits over 1 s',
        `${percent(predictions.median_relative_error)} of ${predictions.waits_over_1s}`,
      ],
      ['admitted at the first retry', predictions.retried === 0 ? NOTHING : retried],
    ],
  };
}

function shares({ fairness }: SimulationReport): Section {
  const contended = fairness.tenants.filter(({ entitled_tokens }) => entitled_tokens > 0);
  return {
    title: `Shares while tenants compete; Jain index ${decimal(fairness.jain_index)}`,
    head: ['TENANT', 'WEIGHT', 'SERVED TOKENS', 'ENTITLED', 'RATIO'],
    rows: contended
      .slice(0, MOST_ROWS)
      .map((one) => [
        one.tenant,
        String(one.weight),
        String(one.served_tokens),
        String(one.entitled_tokens),
        decimal(one.ratio),
      ]),
  };
}

function refusals({ refusals: codes }: SimulationReport): Section {
  return {
    title: 'Refusals, every try counted',
    head: ['CODE', 'TIMES'],
    rows: Object.entries(codes).map(([code, times]) => [code, String(times)]),
  };
}

/** The busiest and the idlest replicas, when there are too many to name. */
function utilisation({ replicas }: SimulationReport): Section {
  const sorted = [...replicas].sort((a, b) => b.utilisation - a.utilisation);
  const isShort = sorted.length <= MOST_ROWS;
  const shown = isShort ? replicas : [...sorted.slice(0, MOST_ROWS / 2), ...sorted.slice(-MOST_ROWS / 2)];
  return {
    title: isShort ? 'Busy share of the slots' : `Busy share of the slots, busiest and idlest of ${sorted.length}`,
    head: ['REPLICA', 'BUSY'],
    rows: shown.map(({ replica_id, utilisation: busy }) => [replica_id, percent(busy)]),
  };
}

/** A virtual time for people. */
export function time(ms: number | null): string {
  if (ms === null) return NOTHING;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 600_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${(ms / 60_000).toFixed(1)} min`;
}

export function percent(share: number | null): string {
  return share === null ? NOTHING : `${(share * 100).toFixed(1)} %`;
}

function decimal(value: number | null): string {
  return value === null ? NOTHING : value.toFixed(3);
}
