// Run by hand, after a build: node test/bench/audit.bench.mjs [rows to verify]
// Appends rows from many callers at once and tells how long each waited and what the event loop felt of it; then writes a long
// chain without waiting for the disk and goes through all of it with the verifier. Beside: what a redactor takes.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { BEFORE_ALL, ChainEnd } from '../../dist/audit/chain.js';
import { headText } from '../../dist/audit/head.js';
import { keysOf, newKeyTexts } from '../../dist/audit/keys.js';
import { draftOf } from '../../dist/audit/row.js';
import { verifyLog } from '../../dist/audit/verify.js';
import { SystemClock } from '../../dist/kernel/clock.js';
import { Metrics } from '../../dist/observability/metrics.js';
import { SecretRedactor } from '../../dist/observability/redaction/secret-redactor.js';
import { linesForward } from '../../dist/persistence/audit/line-file.js';
import { newAuditFiles } from '../../dist/persistence/audit/new-audit-files.js';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const VERIFY_TARGET_S = 60;
const LIVE_MS = 5_000;

const redactor = new SecretRedactor({
  secrets: ['a-secret-value-1', 'a-secret-value-2'],
  patterns: ['ghp_\\w{36}'],
  pii: false,
});
const folder = mkdtempSync(join(tmpdir(), 'llama-orch-audit-bench-'));
const entryOf = (number) => ({
  ...{ actor: 'agent', tenant: 'default', action: 'tool.request', target: 'api.example.com', decision: 'allow' },
  ...{ plugin: 'allow-hosts', version: '1.0.0', digest: `sha256:${'a'.repeat(64)}`, code: 'ALLOWED', fuel: 194_277 },
  ...{ url: `https://api.example.com/v1/items/${number}?q=abc`, bytes_out: 64, latency_us: 140 },
  ...{ correlation_id: `call-${number}`, decision_id: `decision-${number}` },
});
const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];

async function appends(callers, record) {
  const config = { retention_days: 90, records: true, checkpoint_rows: 1_000, checkpoint_ms: 300_000 };
  const logger = { log() {}, info() {}, warn() {}, error() {} };
  const place = join(folder, `${callers}-${record === undefined}`);
  const log = await newAuditFiles(place, config, {
    clock: new SystemClock(),
    logger,
    metrics: new Metrics(),
    redactor,
  });
  const loop = monitorEventLoopDelay({ resolution: 1 });
  const waits = [];
  const end = performance.now() + LIVE_MS;
  loop.enable();
  const call = async () => {
    while (performance.now() < end) {
      const begun = performance.now();
      await log.append(entryOf(waits.length), record);
      waits.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  loop.disable();
  await log.close();
  waits.sort((a, b) => a - b);
  const line = [quantile(waits, 0.5), quantile(waits, 0.99), loop.percentile(99) / 1e6].map((ms) => ms.toFixed(2));
  console.log(
    `${String(callers).padStart(4)} callers, ${record === undefined ? 'no record' : '3 KB record'}: ${Math.round((waits.length / LIVE_MS) * 1000)} rows/s,`,
    `append p50 ${line[0]} ms, p99 ${line[1]} ms, loop delay p99 ${line[2]} ms`,
  );
}

async function verifies() {
  const keys = keysOf(newKeyTexts());
  const end = new ChainEnd(keys, BEFORE_ALL);
  const path = join(folder, 'rows.jsonl');
  const file = openSync(path, 'w');
  const checkpoint = { ...entryOf(0), action: 'audit.checkpoint', url: null };
  for (let lines = [], number = 1; number <= ROWS; number++) {
    lines.push(end.add(draftOf(entryOf(number), 1_790_000_000_000 + number, null, redactor)));
    if (number % 1_000 !== 0) continue;
    lines.push(end.addCheckpoint(draftOf(checkpoint, 1_790_000_000_000 + number, null, redactor)));
    writeSync(file, `${lines.join('\n')}\n`);
    lines = [];
  }
  closeSync(file);
  const segment = {
    firstSeq: 1,
    name: 'rows',
    rows: () => linesForward(path),
    recordsName: 'records',
    records: () => none(),
  };
  const begun = performance.now();
  const verdict = await verifyLog(
    { head: headText(end.head, keys.hashKey), cut: undefined, segments: [segment] },
    keys,
  );
  const seconds = (performance.now() - begun) / 1_000;
  const result = verdict.ok && seconds < VERIFY_TARGET_S ? 'within' : 'NOT within';
  console.log(`${verdict.rows} rows verified in ${seconds.toFixed(1)} s, ${result} ${VERIFY_TARGET_S} s`);
}

async function* none() {}

function redactions() {
  const prose =
    'The quick brown fox jumps over the lazy dog, status=200 after 12 ms; see https://example.com/a?page=2. ';
  const text = prose.repeat(11).slice(0, 1_024);
  const rounds = 20_000;
  for (let round = 0; round < rounds; round++) redactor.text(text);
  const begun = performance.now();
  for (let round = 0; round < rounds; round++) redactor.text(text);
  console.log(`redactor: ${(((performance.now() - begun) / rounds) * 1_000).toFixed(1)} µs per KiB of clean text`);
}

try {
  for (const callers of [1, 16, 256]) await appends(callers, undefined);
  await appends(16, { body: 'y'.repeat(3_000) });
  redactions();
  await verifies();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
