// Run by hand, after a build: node test/faults/policy-swaps.mjs [--hook=request|admission] [--swaps=1000] [--callers=4]
// A policy is replaced again and again while calls come in, with the deadlines that a daemon has when nobody sets them: of
// the HTTP tool, or of tasks at admission. No call may fail, and every decision has to be in the
// audit under the digest of a module that was in force during the call, which is kept for replay. What an answer of the tool
// says of its policy has to be what its row says.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import wabt from 'wabt';
import { startApp } from '../../dist/app.js';
import { parseConfig } from '../../dist/config/index.js';
import { Logger } from '../../dist/observability/logger.js';
import { Policies } from '../../dist/policy-host/policies.js';
import { redactorOf } from '../../dist/secrets.js';

const { values: options } = parseArgs({
  options: {
    hook: { type: 'string', default: 'request' },
    swaps: { type: 'string', default: '1000' },
    callers: { type: 'string', default: '4' },
  },
});
const [swaps, callers] = [Number(options.swaps), Number(options.callers)];
/** Modules that are kept for replay. */
const KEPT = 256;
const FIRST_VERSION = '1.0.10000';

class NoLog extends Logger {
  log() {}

  async flush() {
    return true;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-swaps-'));
const file = join(folder, 'gate.wasm');
const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A policy that always allows, with the code FINE. Versions differ in their version alone. */
const first = await gateModule();
const put = (number) => {
  const text = first.toString('latin1').replaceAll(FIRST_VERSION, versionOf(number));
  const bytes = Buffer.from(text, 'latin1');
  writeFileSync(`${file}.part`, bytes);
  renameSync(`${file}.part`, file);
  return digestOf(bytes);
};
const generations = new Map([[put(0), 0]]);

const upstream = createServer((_request, response) => response.end('old pond'));
await new Promise((resolve) => upstream.listen(0, '127.0.0.1', resolve));
const { port } = upstream.address();

const config = parseConfig({
  server: { bind: '127.0.0.1:0' },
  storage: { data_dir: join(folder, 'data') },
  pools: [{ id: 'mock', engine: 'mock', model: 'mock-model', allow_mock: true, slots: 16 }],
  egress: { ports: [port], rate_per_s: 1_000 },
  policies: [{ path: file }],
});
const redactor = redactorOf(config, {});
const app = await startApp({ config, baseFolder: folder, logger: new NoLog(), redactor, version: '0.0.0' });
const policies = Reflect.get(app, 'nest').get(Policies);
const inForce = () => generations.get(policies.list()[0].digest);

const TASK = {
  workload: 'completion',
  model_ref: 'mock-model',
  priority: 'interactive',
  prompt: 'a frog',
  max_tokens: 1,
};
const WAYS = {
  admission: { action: 'admission', path: '/v1/tasks', body: TASK, status: 202 },
  request: {
    action: 'tool.request',
    path: '/v1/tools/http',
    body: { url: `http://127.0.0.1:${port}/pond` },
    status: 200,
  },
};
const way = WAYS[options.hook];

const calls = new Map();
const failed = [];
const times = [];
let isOver = false;

async function call(number) {
  const id = `call-${number}`;
  const from = inForce();
  const begun = performance.now();
  const headers = { 'content-type': 'application/json', 'x-correlation-id': id };
  const answer = await fetch(`${app.url}${way.path}`, { method: 'POST', headers, body: JSON.stringify(way.body) });
  const said = await answer.json();
  times.push(performance.now() - begun);
  // A swap is in force a moment before the list says so.
  calls.set(id, { from, to: inForce() + 1, said: said.policy?.version, decisionId: said.decision_id });
  if (answer.status !== way.status || said.error !== undefined)
    failed.push(`${id}: ${answer.status} ${JSON.stringify(said)}`);
}

let number = 0;
const load = Array.from({ length: callers }, async () => {
  while (!isOver) {
    await call(number++);
    await delay(2);
  }
});
const swapTimes = [];
for (let swap = 1; swap <= swaps; swap++) {
  const begun = performance.now();
  const digest = put(swap);
  generations.set(digest, swap);
  while (policies.list()[0].digest !== digest) await delay(2);
  swapTimes.push(performance.now() - begun);
}
isOver = true;
await Promise.all(load);
await app.endNow();
upstream.close();

const rows = auditRows().filter(({ action }) => action === way.action);
const recorded = new Set(rows.map(({ correlation_id }) => correlation_id));
const unrecorded = [...calls.keys()].filter((id) => !recorded.has(id));
/** At admission a chain has so little time that a busy machine misses it; such tasks are let in, which the row says. */
const isLate = ({ code }) => options.hook === 'admission' && code === 'POLICY_DEADLINE';
const wrong = rows.filter((row) => {
  const { from, to } = calls.get(row.correlation_id);
  const generation = generations.get(row.digest);
  const isDecided = row.code === 'FINE' || isLate(row);
  return !isDecided || generation === undefined || generation < from || generation > to;
});
/** Answers that name another module or decision than their row; a task's answer names none. */
const unlike = rows.filter(({ correlation_id, digest, decision_id }) => {
  const { said, decisionId } = calls.get(correlation_id);
  if (options.hook === 'admission') return false;
  return said !== versionOf(generations.get(digest)) || decisionId !== decision_id;
});
const swapRows = auditRows().filter(({ action, decision }) => action === 'policy.swap' && decision === 'ok');
const latest = [...generations.keys()].slice(-KEPT);
const lost = latest.filter((digest) => !existsSync(join(folder, 'data/policies', `${digest.slice(7)}.wasm`)));
const deciders = new Set(rows.map(({ digest }) => digest)).size;

console.log(
  `${swaps} swaps of a policy at ${options.hook}, ${calls.size} calls by ${callers} callers, ${deciders} modules decided`,
);
console.log(
  `failed ${failed.length}, not in the audit ${unrecorded.length}, by another module ${wrong.length}, answers unlike their rows ${unlike.length}`,
);
console.log(`let in without a decision, as it was late: ${rows.filter(isLate).length}`);
console.log(`audited swaps ${swapRows.length}, modules of the last ${latest.length} that are not kept ${lost.length}`);
console.log(
  `call ms p50 ${at(times, 0.5)} p99 ${at(times, 0.99)}; swap ms p50 ${at(swapTimes, 0.5)} p99 ${at(swapTimes, 0.99)}`,
);
for (const line of failed.slice(0, 5)) console.log(line);
for (const row of [...wrong, ...unlike].slice(0, 5))
  console.log(JSON.stringify({ ...row, ...calls.get(row.correlation_id) }));
rmSync(folder, { recursive: true, force: true });
const isGood =
  [failed, unrecorded, wrong, unlike, lost].every(({ length }) => length === 0) && swapRows.length === swaps;
process.exit(isGood ? 0 : 1);

function versionOf(number) {
  return `1.0.${10_000 + number}`;
}

function auditRows() {
  const audit = join(folder, 'data/audit');
  const files = readdirSync(audit).filter((name) => name.startsWith('rows-'));
  const lines = files.sort().flatMap((name) => readFileSync(join(audit, name), 'utf8').split('\n'));
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

function at(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)].toFixed(1);
}

async function gateModule() {
  const manifest = {
    ...{ name: 'gate', version: FIRST_VERSION, abi: '1.0', hooks: ['on_request', 'on_admission'], capabilities: [] },
    ...{ configSchema: {}, defaults: {}, fuelHint: 1_000, tests: [], source: null, license: null },
  };
  const described = Buffer.from(JSON.stringify(manifest));
  const answer = Buffer.from(JSON.stringify({ decision: 'allow', code: 'FINE' }));
  const answerAt = 1_024 + described.length;
  const data = (place, bytes) => `(data (i32.const ${place}) "${bytes.toString('hex').replace(/../g, '\\$&')}")`;
  const says = (name, place, bytes) =>
    `(func (export "${name}") (result i32) (call $say (i32.const ${place}) (i32.const ${bytes.length})) (i32.const 0))`;
  const text = `(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
    (memory (export "memory") 1)
    (func $say (param $at i32) (param $length i32) (local $block i64) (local $i i32)
      (local.set $block (call $alloc (i64.extend_i32_u (local.get $length))))
      (loop $copy
        (call $store_u8
          (i64.add (local.get $block) (i64.extend_i32_u (local.get $i)))
          (i32.load8_u (i32.add (local.get $at) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $copy (i32.lt_u (local.get $i) (local.get $length))))
      (call $output_set (local.get $block) (i64.extend_i32_u (local.get $length))))
    ${says('describe', 1_024, described)} ${says('on_request', answerAt, answer)} ${says('on_admission', answerAt, answer)}
    ${data(1_024, described)} ${data(answerAt, answer)})`;
  const module = (await wabt()).parseWat('gate.wat', text);
  const bytes = Buffer.from(module.toBinary({}).buffer);
  const title = Buffer.from('llama-orch.policy');
  const body = Buffer.concat([leb(title.length), title, described]);
  return Buffer.concat([bytes, Buffer.from([0]), leb(body.length), body]);
}

function leb(value) {
  return value < 128 ? Buffer.from([value]) : Buffer.from([(value & 127) | 128, ...leb(value >> 7)]);
}
