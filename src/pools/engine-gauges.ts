import { type EngineGauges } from '@llama-orch/plugin-sdk';
import { type Metrics } from '../observability/metrics.js';
import { type Pool } from './pool.js';
import { type Replica } from './replica.js';

const LABELS = ['engine', 'engine_version', 'pool_id', 'replica_id'] as const;
type Labels = Readonly<Record<(typeof LABELS)[number], string>>;

/** Shows what engines tell of themselves, under our labels, whatever their releases call it. */
export function showEngineGauges(pools: () => readonly Pool[], metrics: Metrics): void {
  const series = seriesOf(metrics);
  metrics.beforeScrape(() => {
    for (const one of Object.values(series)) one.reset();
    for (const pool of pools()) for (const replica of pool.replicas) show(pool, replica, series);
  });
}

const NUMBERS = ['running', 'waiting', 'kvShare', 'promptTokens', 'generatedTokens'] as const;

/** The counts of an answer that are counts: what an adapter brings is not trusted. */
export function soundGauges(told: unknown): EngineGauges {
  if (typeof told !== 'object' || told === null) return {};
  const given = told as Readonly<Record<string, unknown>>;
  const sound: { -readonly [Name in keyof EngineGauges]: EngineGauges[Name] } = {};
  for (const name of NUMBERS) {
    const value = given[name];
    if (isCount(value)) sound[name] = value;
  }
  return sound;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

type Series = ReturnType<typeof seriesOf>;

function seriesOf(metrics: Metrics) {
  return {
    kvShare: metrics.gauge('kv_cache_usage_ratio', 'Share of the KV cache in use, as the engine tells it.', LABELS),
    requests: metrics.gauge('llama_orch_engine_requests', 'Requests in the engine, as it tells them.', [
      ...LABELS,
      'state',
    ]),
    // Counted by the engine since its start: it begins anew with each process, as counters may.
    tokens: metrics.counter('llama_orch_engine_tokens_total', 'Tokens, as the engine counts them.', [
      ...LABELS,
      'kind',
    ]),
  };
}

function show(pool: Pool, replica: Replica, { kvShare, requests, tokens }: Series): void {
  const { gauges } = replica;
  if (gauges === undefined) return;
  const labels = labelsOf(pool, replica);
  if (gauges.kvShare !== undefined) kvShare.set(labels, gauges.kvShare);
  for (const state of ['running', 'waiting'] as const)
    if (gauges[state] !== undefined) requests.set({ ...labels, state }, gauges[state]);
  for (const [kind, count] of tokensOf(gauges)) tokens.inc({ ...labels, kind }, count);
}

function tokensOf({ promptTokens, generatedTokens }: EngineGauges): [kind: string, count: number][] {
  const counts: [string, number | undefined][] = [
    ['prompt', promptTokens],
    ['generated', generatedTokens],
  ];
  return counts.filter((pair): pair is [string, number] => pair[1] !== undefined);
}

function labelsOf(pool: Pool, { id, description }: Replica): Labels {
  return {
    engine: pool.engine,
    engine_version: description?.engineVersion ?? 'unknown',
    pool_id: pool.id,
    replica_id: id,
  };
}
