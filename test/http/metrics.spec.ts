import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type TaskAccepted } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';

interface Series {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** When the series exists; absent: always. */
  readonly when?: string;
}
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const contract = parse(readFileSync(new URL('../../contracts/metrics.yaml', import.meta.url), 'utf8')) as {
  readonly required_metrics: readonly Series[];
  readonly additional_metrics: readonly Series[];
};
const PROMISED = [...contract.required_metrics, ...contract.additional_metrics].filter(
  ({ when }) => when === undefined,
);

let app: TestApp;
let text: string;

/** Makes everything happen once that a series counts. */
beforeAll(async () => {
  app = await startTestApp({
    // Their writes go on after the tasks.
    artifacts: { transcripts: false },
    pools: [mockPool({}, { queue: { capacity: 1, full_policy: 'drop-lru' } })],
  });
  await app.frames(
    (await app.submit(completion('SECRET-PROMPT', { session_id: '3f1d4fae-7dec-41d0-a765-00a0c91e6bf6' }))).task_id,
  );
  await app.call('/v1/sessions/3f1d4fae-7dec-41d0-a765-00a0c91e6bf6', { method: 'DELETE' });
  const holder = await app.submit(completion('[[mock:stall@1]]'));
  const stream = await app.follow(holder.task_id);
  await stream.until('token');
  stream.close();
  await app.submit(completion('x', { priority: 'batch' }));
  const evictor: TaskAccepted = await app.submit(completion());
  await app.post(completion('x', { priority: 'batch' }));
  await app.cancel(holder.task_id);
  await app.frames(evictor.task_id);
  await app.frames((await app.submit(completion('[[mock:out-of-memory@1]]'))).task_id);
  await app.frames((await app.submit(completion('[[mock:die@1]]'))).task_id);
  const headers = { 'content-type': 'application/json' };
  await app.call('/v1/tools/http', {
    method: 'POST',
    headers,
    body: JSON.stringify({ url: 'http://169.254.169.254/' }),
  });
  await app.untilReady('mock');
  await app.untilIdle();
  const answer = await app.call('/metrics');
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  text = answer.text;
});

/** Samples of the Prometheus text, without the bucket bound. */
function samples(): Sample[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [, name = '', labels = '', value = ''] = /^([a-z_:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    expect(Number.isFinite(Number(value))).toBe(true);
    const pairs = [...labels.matchAll(/([a-z_]+)="([^"]*)"/g)].map(
      ([, label = '', content = '']) => [label, content] as const,
    );
    return {
      name: name.replace(/_(bucket|sum|count)$/, ''),
      labels: Object.fromEntries(pairs.filter(([label]) => label !== 'le')),
    };
  });
}

describe('GET /metrics', () => {
  it.each(PROMISED.map((series) => [series.name, series] as const))(
    'has %s with its type and exactly its labels (ORCH-3028, OC-CORE-1041, OC-METRICS-7101, OC-CTRL-2051, OC-POOL-3030)',
    (name, series) => {
      expect(text).toContain(`# TYPE ${name} ${series.type}\n`);
      const own = samples().filter((sample) => sample.name === name);
      expect(own.length).toBeGreaterThan(0);
      for (const { labels } of own) expect(Object.keys(labels).toSorted()).toEqual([...series.labels].toSorted());
    },
  );

  it('has no series that the contract does not list (OC-METRICS-7101, ORCH-4901)', () => {
    const listed = [...contract.required_metrics, ...contract.additional_metrics].map(({ name }) => name);
    expect(samples().filter(({ name }) => !listed.includes(name))).toEqual([]);
  });

  it('holds no prompt, task or session (OC-METRICS-7102, OC-CTRL-2041)', () => {
    expect(text).not.toMatch(/SECRET-PROMPT|[0-9a-f]{8}-[0-9a-f]{4}-/);
  });

  it('changes no value by being read (ORCH-4108)', async () => {
    // The delay of the event loop goes on while nobody looks.
    const steady = async () =>
      (await app.call('/metrics')).text
        .split('\n')
        .filter((line) => !line.startsWith('llama_orch_event_loop_lag_seconds'));
    // Nor does it stand still what the daemon writes by itself.
    await eventually(async () => expect(await steady()).toEqual(await steady()));
  });

  it('adds up: each task is enqueued, started and ended once (ORCH-3028, OC-CORE-1041)', async () => {
    const labels = { engine: 'mock', engine_version: 'mock-1', pool_id: 'mock' };
    expect(await app.metric('tasks_enqueued_total', { ...labels, replica_id: '', priority: 'batch' })).toBe(1);
    expect(await app.metric('tasks_enqueued_total', { ...labels, replica_id: '', priority: 'interactive' })).toBe(5);
    expect(await app.metric('tasks_started_total', { ...labels, replica_id: 'mock-0', priority: 'interactive' })).toBe(
      5,
    );
    expect(await app.metric('tasks_rejected_total', { engine: 'mock', reason: 'QUEUE_FULL_DROP_LRU' })).toBe(2);
    expect(await app.metric('llama_orch_stream_terminal_total', { kind: 'end' })).toBe(3);
    expect(await app.metric('llama_orch_stream_terminal_total', { kind: 'error' })).toBe(3);
    expect(await app.metric('latency_first_token_ms_count', { pool_id: 'mock' })).toBe(5);
    expect(await app.metric('pool_ready', { pool_id: 'mock' })).toBe(1);
    expect(await app.metric('active_leases', { pool_id: 'mock' })).toBe(0);
  });
});
