import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { Metrics } from '../../src/observability/metrics.js';
import { ROOT } from './support/requirements.js';

interface Series {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly when?: string;
}
interface MetricsContract {
  readonly required_metrics: readonly Series[];
  readonly additional_metrics: readonly Series[];
  readonly histogram_buckets_ms: readonly number[];
  readonly label_cardinality_budget: Record<string, number>;
}

const TASK = ['engine', 'engine_version', 'pool_id', 'replica_id'];
const POOL_CLASS = ['engine', 'engine_version', 'pool_id', 'priority'];
/** The series that the specification promises. */
const PROMISED: Record<string, readonly [Series['type'], readonly string[]]> = {
  tasks_enqueued_total: ['counter', [...TASK, 'priority']],
  tasks_started_total: ['counter', [...TASK, 'priority']],
  tasks_canceled_total: ['counter', [...TASK, 'reason']],
  tasks_rejected_total: ['counter', ['engine', 'reason']],
  queue_depth: ['gauge', POOL_CLASS],
  kv_cache_usage_ratio: ['gauge', TASK],
  gpu_utilization: ['gauge', [...TASK, 'device']],
  vram_used_bytes: ['gauge', [...TASK, 'device']],
  latency_first_token_ms: ['histogram', POOL_CLASS],
  latency_decode_ms: ['histogram', POOL_CLASS],
  tokens_in_total: ['counter', TASK],
  tokens_out_total: ['counter', TASK],
  admission_backpressure_events_total: ['counter', ['engine', 'policy']],
  catalog_verifications_total: ['counter', ['result', 'reason', 'engine']],
  model_state: ['gauge', ['model_id', 'state']],
  pool_ready: ['gauge', ['pool_id']],
  active_leases: ['gauge', ['pool_id']],
  drain_events_total: ['counter', ['pool_id', 'reason']],
  admission_share: ['gauge', ['tenant', 'priority']],
  deadlines_met_ratio: ['gauge', ['priority']],
  preemptions_total: ['counter', ['mode', 'engine']],
  resumptions_total: ['counter', ['engine']],
};
const BUDGETS = {
  ...{ engine: 16, engine_version: 64, pool_id: 256, replica_id: 1024, priority: 8, reason: 32, result: 4, state: 8 },
  ...{ model_id: 1024, tenant: 256, mode: 4, device: 64, policy: 8 },
};
const PRIVATE_LABEL = /key|session|task|prompt|request|correlation|client/;

const contract = parse(readFileSync(join(ROOT, 'contracts/metrics.yaml'), 'utf8')) as MetricsContract;
const all = [...contract.required_metrics, ...contract.additional_metrics];

describe('The metrics contract', () => {
  it('holds every promised series with exactly its type and labels (ORCH-3028, OC-METRICS-7101, OC-CTRL-2051)', () => {
    const listed = contract.required_metrics.map(({ name, type, labels }) => [name, [type, labels]] as const);
    expect(Object.fromEntries(listed)).toEqual(PROMISED);
    expect(listed.length).toBe(Object.keys(PROMISED).length);
  });

  it('names each series once, the others with their prefix (ORCH-4901, OC-METRICS-7101)', () => {
    const names = all.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name } of contract.additional_metrics) expect(name).toMatch(/^llama_orch_[a-z_]+$/);
  });

  it('budgets the values of every label (OC-METRICS-7102)', () => {
    expect(contract.label_cardinality_budget).toMatchObject(BUDGETS);
    const labels = new Set(all.flatMap((series) => series.labels));
    expect([...labels].filter((label) => !(label in contract.label_cardinality_budget))).toEqual([]);
  });

  it('has no label that could carry a key, session, task or prompt (OC-METRICS-7102, OC-CTRL-2041)', () => {
    expect(all.flatMap(({ labels }) => labels).filter((label) => PRIVATE_LABEL.test(label))).toEqual([]);
  });

  it('exports fairness and preemption series only under a condition (ORCH-4903)', () => {
    const conditional = contract.required_metrics.filter(({ when }) => when !== undefined).map(({ name }) => name);
    const names = ['admission_share', 'deadlines_met_ratio', 'preemptions_total', 'resumptions_total'];
    expect(conditional).toEqual(expect.arrayContaining(names));
  });
});

describe('The series of the daemon', () => {
  const registered = new Metrics().registry.getMetricsAsArray() as unknown as Registered[];
  const byName = new Map(registered.map((metric) => [metric.name, metric]));

  it('are those of the contract, with its types and labels (ORCH-3028, OC-CORE-1041, OC-METRICS-7101)', () => {
    const declared = all.filter(({ when, name }) => when === undefined || byName.has(name));
    const expected = declared.map(({ name, type, labels }) => ({ name, type, labels: [...labels].sort() }));
    const actual = registered.map(({ name, type, labelNames }) => ({ name, type, labels: [...labelNames].sort() }));
    expect(sorted(actual)).toEqual(sorted(expected));
  });

  it('measure latencies in the buckets of the contract (OC-METRICS-7101)', () => {
    for (const name of ['latency_first_token_ms', 'latency_decode_ms']) {
      expect(byName.get(name)?.upperBounds).toEqual(contract.histogram_buckets_ms);
    }
  });
});

interface Registered {
  readonly name: string;
  readonly type: string;
  readonly labelNames: readonly string[];
  readonly upperBounds?: readonly number[];
}

function sorted<Item extends { readonly name: string }>(items: readonly Item[]): Item[] {
  return [...items].sort((a, b) => a.name.localeCompare(b.name));
}
