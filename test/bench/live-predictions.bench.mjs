// Run by hand, after a build: node test/bench/live-predictions.bench.mjs [seconds] [load]
// What became of the predictions of a real daemon on the embedded engine, under random arrivals and random lengths.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startProcess } from './processes.mjs';

const [seconds = 60, load = 1.1] = process.argv.slice(2).map(Number);
const SLOTS = 2;
const folder = mkdtempSync(join(tmpdir(), 'llama-orch-live-'));
const config = join(folder, 'config.yaml');
writeFileSync(
  config,
  `server: { bind: '127.0.0.1:0', shutdown_ms: 500 }
storage: { data_dir: ${join(folder, 'data')} }
pools:
  - { id: haiku, engine: embedded, model: haiku-nano, slots: ${SLOTS}, queue: { capacity: 128 } }
`,
);
const daemon = await startProcess(fileURLToPath(new URL('../../bin/llama-orch.mjs', import.meta.url)), [
  'serve',
  '--config',
  config,
]);

// A small generator of its own, so that each run asks for the same work.
let state = 12345;
const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;

function body() {
  return {
    workload: 'completion',
    model_ref: 'haiku-nano',
    priority: 'interactive',
    prompt: 'Write a haiku about the minute nine.',
    max_tokens: 50 + Math.floor(900 * random() * random()),
    seed: Math.floor(random() * 1e6),
    params: { temperature: 2, top_k: 0 },
  };
}

async function submit(taskId) {
  const response = await fetch(`${daemon.url}/v1/tasks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body(), task_id: taskId }),
  });
  return { status: response.status, answer: await response.json() };
}

async function queueTimeMs(taskId) {
  const text = await (await fetch(`${daemon.url}/v1/tasks/${taskId}/stream`)).text();
  return JSON.parse(/event: started\ndata: (.*)\n/.exec(text)[1]).queue_time_ms;
}

const outcomes = [];
const retries = [];

async function call(learning) {
  const taskId = crypto.randomUUID();
  let { status, answer } = await submit(taskId);
  if (status === 429) {
    await delay(answer.retry_after_ms);
    ({ status, answer } = await submit(taskId));
    if (!learning) retries.push(status === 202);
  }
  if (status !== 202) return;
  const actual = await queueTimeMs(taskId);
  if (!learning) outcomes.push({ p50: answer.predicted_start_ms, p90: answer.predicted_start_p90_ms, actual });
}

async function poolReady() {
  for (;;) {
    const { items } = await (await fetch(`${daemon.url}/v1/pools`)).json();
    if (items[0].ready) return;
    await delay(50);
  }
}

await poolReady();
const begun = performance.now();
const LEARNED = 60;
await Promise.all(Array.from({ length: LEARNED }, () => call(true)));
const perTaskMs = (performance.now() - begun) / LEARNED;

const calls = [];
const until = performance.now() + seconds * 1000;
for (let next = performance.now(); next < until; next += (-Math.log(1 - random()) * perTaskMs) / load) {
  await delay(Math.max(0, next - performance.now()));
  calls.push(call(false));
}
await Promise.all(calls);

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const share = (values) => values.filter(Boolean).length / values.length;
const waits = outcomes.filter(({ p50, actual }) => p50 > 0 || actual > 20);
const long = waits.filter(({ actual }) => actual > 1000);
const percent = (value) => (Number.isNaN(value) ? '–' : `${(100 * value).toFixed(1)} %`);
console.log(`${outcomes.length} tasks, ${SLOTS} slots, ${perTaskMs.toFixed(0)} ms a task while the daemon learned`);
console.log(
  `within p90: ${percent(share(waits.map(({ p90, actual }) => actual <= p90)))} of ${waits.length} that waited`,
);
console.log(
  `median error of p50: ${percent(median(long.map(({ p50, actual }) => Math.abs(p50 - actual) / actual)))} of ${long.length} waits over 1 s`,
);
console.log(`admitted at the first retry: ${percent(share(retries))} of ${retries.length}`);
await daemon.stop();
rmSync(folder, { recursive: true });
process.exit(0);
