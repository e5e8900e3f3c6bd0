// Run by hand, after a build: node test/bench/artifacts.bench.mjs [seconds]
// Puts artifacts of 10 kB from many callers at once, each durable before it is acknowledged: without HTTP, then through the
// whole daemon. Tells puts per second, how long each took, what the event loop felt, and what a body of 16 MiB costs it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { ArtifactTelemetry } from '../../dist/artifacts/artifact-telemetry.js';
import { Artifacts } from '../../dist/artifacts/artifacts.js';
import { Holds } from '../../dist/artifacts/holds.js';
import { Quota } from '../../dist/artifacts/quota.js';
import { SystemClock } from '../../dist/kernel/clock.js';
import { Metrics } from '../../dist/observability/metrics.js';
import { SecretRedactor } from '../../dist/observability/redaction/secret-redactor.js';
import { BlobFiles } from '../../dist/persistence/artifacts/blob-files.js';
import { NodeDisk } from '../../dist/persistence/artifacts/disk.js';
import { StoredArtifactRows } from '../../dist/persistence/artifacts/stored-artifact-rows.js';
import { StoreTelemetry } from '../../dist/persistence/store/store-telemetry.js';
import { WorkerStore } from '../../dist/persistence/store/worker-store.js';

const LIVE_MS = Number(process.argv[2] ?? 5) * 1_000;
const TARGET_PER_S = 300;
const KB = 10;
const COMMAND = fileURLToPath(new URL('../../bin/llama-orch.mjs', import.meta.url));
const logger = { log() {}, info() {}, warn() {}, error: console.error };

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-artifacts-bench-'));
const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
/** About as many lines as a plan or a diff of this size has. */
const contentOf = (number) => ({
  title: `change ${number}`,
  lines: Array.from({ length: KB * 16 }, (_, at) => `+  line ${number}-${at} of a diff that an agent wrote`),
});

async function loaded(callers, put) {
  const waits = [];
  const end = performance.now() + LIVE_MS;
  let number = 0;
  const call = async () => {
    while (performance.now() < end) {
      const begun = performance.now();
      await put(contentOf(`${callers}-${++number}`));
      waits.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  waits.sort((a, b) => a - b);
  return { perSecond: Math.round((waits.length / LIVE_MS) * 1_000), waits };
}

function report(what, { perSecond, waits }, loop) {
  const [p50, p99] = [quantile(waits, 0.5), quantile(waits, 0.99)].map((ms) => ms.toFixed(1));
  const verdict = perSecond >= TARGET_PER_S ? 'ok' : `below ${TARGET_PER_S}/s`;
  console.log(`${what}: ${perSecond} puts/s (${verdict}), p50 ${p50} ms, p99 ${p99} ms${loop}`);
}

async function inProcess() {
  const clock = new SystemClock();
  const metrics = new Metrics();
  const store = await WorkerStore.open({ folder, clock, telemetry: new StoreTelemetry(clock, metrics, logger) });
  const [rows, blobs] = [new StoredArtifactRows(store), await BlobFiles.in(join(folder, 'artifacts'), new NodeDisk())];
  const redactor = new SecretRedactor({ secrets: ['a-secret-value-1'], patterns: ['ghp_\\w{36}'], pii: false });
  const telemetry = new ArtifactTelemetry(metrics, logger);
  const artifacts = new Artifacts({
    rows,
    blobs,
    holds: new Holds(),
    quota: new Quota(0, rows),
    clock,
    redactor,
    telemetry,
  });
  const parts = { tenantId: 'default', kind: 'diff', tags: ['bench'], parent: undefined, metadata: {} };
  for (const callers of [1, 8, 32]) {
    const loop = monitorEventLoopDelay({ resolution: 1 });
    loop.enable();
    const result = await loaded(callers, (content) => artifacts.put({ ...parts, content }));
    loop.disable();
    report(
      `${String(callers).padStart(3)} callers, in process`,
      result,
      `, loop delay p99 ${(loop.percentile(99) / 1e6).toFixed(1)} ms`,
    );
  }
  await store.close();
}

async function throughDaemon() {
  const port = 20_000 + (process.pid % 20_000);
  const config = join(folder, 'bench.yaml');
  const pools = '[{ id: mock, engine: mock, model: mock-model, allow_mock: true }]';
  writeFileSync(
    config,
    `server: { bind: '127.0.0.1:${port}' }\nstorage: { data_dir: ${join(folder, 'daemon')} }\npools: ${pools}\nlog: { level: warn }\n`,
  );
  const daemon = spawn(process.execPath, [COMMAND, 'serve', '--config', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const agent = new Agent({ keepAlive: true });
  const send = (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers =
        body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const call = request({ port, host: '127.0.0.1', method, path, agent, headers }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode));
      });
      call.once('error', reject).end(body);
    });
  while ((await send('GET', '/readyz').catch(() => 0)) !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
  const put = async (content) => {
    const status = await send('POST', '/v1/artifacts', JSON.stringify({ kind: 'diff', content, tags: ['bench'] }));
    if (status !== 201) throw new Error(`a put was answered with ${status}`);
  };
  for (const callers of [1, 8, 32])
    report(`${String(callers).padStart(3)} callers, through HTTP`, await loaded(callers, put), '');
  await largeBodies(send);
  daemon.kill('SIGTERM');
  await new Promise((resolve) => daemon.once('exit', resolve));
  agent.destroy();
}

/** While large bodies are put one after the other, how long does a small request wait? */
async function largeBodies(send) {
  const dense = {
    kind: 'other',
    content: { lines: Array.from({ length: 250_000 }, (_, at) => `line ${at} of a long trace that is kept whole`) },
  };
  const bytes = {
    media_type: 'application/octet-stream',
    encoding: 'base64',
    data: Buffer.alloc(11.9 * 1024 * 1024).toString('base64'),
  };
  for (const [what, body] of [
    ['of many strings', dense],
    ['in base64', { kind: 'other', content: bytes }],
  ]) {
    const text = JSON.stringify(body);
    let longest = 0;
    let isOver = false;
    const probes = (async () => {
      while (!isOver) {
        const begun = performance.now();
        await send('GET', '/livez');
        longest = Math.max(longest, performance.now() - begun);
      }
    })();
    const begun = performance.now();
    const status = await send('POST', '/v1/artifacts', text);
    const took = performance.now() - begun;
    isOver = true;
    await probes;
    console.log(
      `a body of ${(text.length / 2 ** 20).toFixed(1)} MiB ${what}: ${status} in ${took.toFixed(0)} ms; a probe waited ${longest.toFixed(0)} ms at most`,
    );
  }
}

console.log(`${cpus().length} cores; contents of ${KB} kB, each durable (two calls of fsync and a commit)`);
await inProcess();
await throughDaemon();
rmSync(folder, { recursive: true, force: true });
