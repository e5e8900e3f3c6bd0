// Run by hand, after a build: node test/bench/store.bench.mjs [rows of history]
// Accepts from many callers at once: one task of 1.5 kB and its session in one unit that survives a power loss. Tells how many
// a second, how long each waited, and what the event loop felt of it. Then fills a store with a history, and opens it.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SystemClock } from '../../dist/kernel/clock.js';
import { Metrics } from '../../dist/observability/metrics.js';
import { StoreTelemetry } from '../../dist/persistence/store/store-telemetry.js';
import { WorkerStore } from '../../dist/persistence/store/worker-store.js';

const HISTORY = Number(process.argv[2] ?? 100_000);
const TARGET_PER_S = 2_000;
const READY_TARGET_MS = 5_000;
const LIVE_MS = 3_000;
const SESSIONS = 500;
const RECORD = JSON.stringify({ prompt: 'an old silent pond … '.repeat(70) });

const clock = new SystemClock();
const logger = { log() {}, info() {}, warn() {}, error: console.error };
const folder = mkdtempSync(join(tmpdir(), 'llama-orch-store-bench-'));
const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
const open = () => WorkerStore.open({ folder, clock, telemetry: new StoreTelemetry(clock, new Metrics(), logger) });

const session = (number) => ({
  statement: 'putSession',
  values: {
    ...{
      tenant_id: 'default',
      session_id: `session-${number % SESSIONS}`,
      turns: number,
      used_tokens: 1,
      used_time_ms: 2,
    },
    ...{
      used_cost: 3,
      charges: '[]',
      last_replica: 'default-0',
      open_tasks: 1,
      created_ms: number,
      expires_ms: number,
    },
    ...{ correlation_id: 'c', client_id: null, user_agent: 'bench' },
  },
});
const task = (key) => ({ statement: 'putTask', values: { key, record: RECORD } });
const ended = (key, number) => ({ statement: 'endTask', values: { key, endedMs: number, ended: RECORD } });

async function accepts(store, callers, durability) {
  const loop = monitorEventLoopDelay({ resolution: 1 });
  const waits = [];
  const end = performance.now() + LIVE_MS;
  loop.enable();
  let number = 0;
  const call = async () => {
    while (performance.now() < end) {
      const own = number++;
      const begun = performance.now();
      await store.write([task(`${durability}-${callers}-${own}`), session(own)], durability);
      waits.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  loop.disable();
  waits.sort((a, b) => a - b);
  const perSecond = Math.round((waits.length / LIVE_MS) * 1_000);
  const figures = [quantile(waits, 0.5), quantile(waits, 0.99), loop.percentile(99) / 1e6].map((ms) => ms.toFixed(2));
  console.log(
    `${String(callers).padStart(4)} callers, ${durability}: ${perSecond} accepts/s,`,
    `commit p50 ${figures[0]} ms, p99 ${figures[1]} ms, loop delay p99 ${figures[2]} ms`,
  );
  return perSecond;
}

async function fill(store) {
  const begun = performance.now();
  for (let from = 0; from < HISTORY; from += 1_000) {
    const keys = Array.from({ length: Math.min(1_000, HISTORY - from) }, (_, index) => from + index);
    await Promise.all(keys.map((n) => store.write([task(`old-${n}`), ended(`old-${n}`, n)], 'relaxed')));
  }
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
  const walMb = (statSync(join(folder, 'store.db-wal')).size / 1e6).toFixed(1);
  console.log(`${HISTORY} rows of history in ${seconds} s; the log is ${walMb} MB`);
}

const store = await open();
const best = [];
for (const callers of [1, 16, 200]) best.push(await accepts(store, callers, 'full'));
await accepts(store, 200, 'relaxed');
await fill(store);
await store.close();
const begun = performance.now();
const again = await open();
const openMs = performance.now() - begun;
const mb = (statSync(join(folder, 'store.db')).size / 1e6).toFixed(0);
console.log(`opened with ${HISTORY} rows of history (${mb} MB), checked: ${openMs.toFixed(0)} ms`);
await again.close();
rmSync(folder, { recursive: true, force: true });
if (Math.max(...best) < TARGET_PER_S || openMs > READY_TARGET_MS) process.exitCode = 1;
