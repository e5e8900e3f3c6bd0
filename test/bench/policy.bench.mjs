// Run by hand, after a build: node test/bench/policy.bench.mjs [--engine=plain] [--workers=1] [policy.wasm …]
// What a chain of three policies costs through the sandbox pool: latency at 200 calls/s beside 64 streams, chains/s when
// saturated, swaps under load, and what a hostile module does to the event loop. Without files a policy of 400 bytes is used.
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import wabt from 'wabt';
import { SystemClock } from '../../dist/kernel/clock.js';
import { prepareModule } from '../../dist/policy-host/module/prepare.js';
import { SandboxPool } from '../../dist/policy-host/sandbox/pool/sandbox-pool.js';

const { values: options, positionals: files } = parseArgs({
  options: { engine: { type: 'string' }, workers: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const CALLS_PER_S = 200;
const SECONDS = 10;
const STREAMS = 64;
const TOKEN_MS = 20;
const SWAPS = 1_000;
const GOALS = { p50Us: 150, p99Us: 2_000, tokenGrowthMs: 1, loopP99Ms: 20 };

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const part = (values, share) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)];
const turn = () => new Promise((resolve) => setImmediate(resolve));

const MANIFEST = {
  name: 'bench',
  version: '1.0.0',
  abi: '1.0',
  hooks: ['on_request'],
  capabilities: [],
  configSchema: {},
  defaults: {},
  fuelHint: 0,
  tests: [],
  source: null,
  license: null,
};
const ALLOW = '{\\"decision\\":\\"allow\\"}';

/** Reads its input word by word and allows. */
const READER = `(local $i i64)
  (block $done (loop $more
    (br_if $done (i64.gt_u (i64.add (local.get $i) (i64.const 8)) (call $input_length)))
    (drop (call $input_load_u64 (local.get $i)))
    (local.set $i (i64.add (local.get $i) (i64.const 8)))
    (br $more)))`;

async function moduleOf(body) {
  const text = `(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
    (import "extism:host/env" "input_length" (func $input_length (result i64)))
    (import "extism:host/env" "input_load_u64" (func $input_load_u64 (param i64) (result i64)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (memory (export "memory") 1) (data (i32.const 64) "${ALLOW}    ")
    (func $answer (local $block i64) (local $i i32)
      (local.set $block (call $alloc (i64.const 24)))
      (loop $copy
        (call $store (i64.add (local.get $block) (i64.extend_i32_u (local.get $i))) (i64.load offset=64 (local.get $i)))
        (local.set $i (i32.add (local.get $i) (i32.const 8)))
        (br_if $copy (i32.lt_u (local.get $i) (i32.const 24))))
      (call $output (local.get $block) (i64.const 24)))
    (func (export "describe") (result i32) (i32.const 0))
    (func (export "on_request") (result i32) ${body} (call $answer) (i32.const 0)))`;
  const parsed = (await wabt()).parseWat('bench.wat', text, { bulk_memory: true });
  const section = Buffer.concat([
    Buffer.from([18]),
    Buffer.from('llama-orch.policy'),
    Buffer.from(JSON.stringify(MANIFEST)),
  ]);
  section[0] = 'llama-orch.policy'.length;
  const size = Buffer.from([(section.length & 0x7f) | 0x80, section.length >> 7]);
  return Buffer.concat([parsed.toBinary({}).buffer, Buffer.from([0]), size, section]);
}

const EVENT = {
  abi: '1.0',
  kind: 'http.request',
  decisionId: '01JD0000000000000000000000',
  correlationId: 'c-1',
  traceparent: null,
  now: 1_763_660_000_000,
  mode: 'enforce',
  tool: { name: 'http.fetch', version: '1.2.0' },
  agent: { id: null },
  session: { id: 's-1', tenant: 'acme', labels: {} },
  task: { id: 't-1', attempt: 1, labels: {} },
  request: {
    method: 'GET',
    url: { scheme: 'https', host: 'api.example.com', port: 443, path: '/v1/x', query: [['q', '1']], ipLiteral: false, hadUserinfo: false }, // prettier-ignore
    addresses: [{ ip: '203.0.113.7', family: 4, class: 'public' }],
    hop: 0,
    redirectedFrom: null,
    headers: [['accept', 'application/json']],
    body: null,
    findings: [],
  },
  usage: { callsInTask: 3, bytesOut: 1200 },
  config: {},
};
const CALL = { hook: 'on_request', event: EVENT, bodies: new Map(), counters: {} };
const FAIL_CLOSED = { on_request: 'deny', on_response: 'deny', on_admission: 'allow' };

function installed(bytes, id, limits = {}) {
  const prepared = prepareModule(bytes, limits);
  const { hooks, defaults: config } = prepared.manifest;
  return { id, prepared, config, mayModify: true, hooks, mode: 'enforce', onError: FAIL_CLOSED };
}

async function chain() {
  const modules = files.length > 0 ? files.map((file) => readFileSync(file)) : [await moduleOf(READER)];
  return Array.from({ length: Math.max(3, files.length) }, (_, at) =>
    installed(modules[at % modules.length], `policy-${at}`),
  );
}

function requireNoFailure({ outcomes }) {
  const failed = outcomes.find(({ error }) => error !== undefined);
  if (failed !== undefined) throw new Error(`${failed.policy}: ${failed.error.code} ${failed.error.message}`);
}

/** How late the tokens of the streams come, in ms. */
function startStreams() {
  const late = [];
  const timers = Array.from({ length: STREAMS }, () => {
    let due = performance.now() + TOKEN_MS;
    return setInterval(() => {
      const now = performance.now();
      late.push(now - due);
      due = now + TOKEN_MS;
    }, TOKEN_MS);
  });
  return () => {
    timers.forEach(clearInterval);
    return late;
  };
}

async function latency(pool) {
  const stopIdle = startStreams();
  await pause((SECONDS * 1_000) / 2);
  const idle = stopIdle();
  const stop = startStreams();
  const taken = [];
  const calls = [];
  const begun = performance.now();
  for (let number = 0; number < CALLS_PER_S * SECONDS; number += 1) {
    const due = begun + (number * 1_000) / CALLS_PER_S;
    while (performance.now() < due) await (due - performance.now() > 2 ? pause(1) : turn());
    const from = performance.now();
    calls.push(
      pool.run(CALL).then((outcome) => (taken.push((performance.now() - from) * 1_000), requireNoFailure(outcome))),
    );
  }
  await Promise.all(calls);
  const busy = stop();
  const growth = part(busy, 0.99) - part(idle, 0.99);
  console.log(`latency at ${CALLS_PER_S}/s: p50 ${part(taken, 0.5).toFixed(0)} µs (goal ${GOALS.p50Us}), p99 ${part(taken, 0.99).toFixed(0)} µs (goal ${GOALS.p99Us})`); // prettier-ignore
  console.log(`tokens of ${STREAMS} streams late by p99 ${part(idle, 0.99).toFixed(2)} ms without, ${part(busy, 0.99).toFixed(2)} ms with calls (growth ${growth.toFixed(2)}, goal ${GOALS.tokenGrowthMs})`); // prettier-ignore
}

async function saturated(pool) {
  let done = 0;
  const end = performance.now() + 3_000;
  const caller = async () => {
    while (performance.now() < end) {
      requireNoFailure(await pool.run(CALL));
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: 8 }, caller));
  console.log(`saturated: ${Math.round(done / 3)} chains/s`);
}

async function swaps(pool, policies) {
  const digests = new Set();
  let done = 0;
  let isSwapping = true;
  const caller = async () => {
    while (isSwapping) {
      const outcome = await pool.run(CALL);
      requireNoFailure(outcome);
      digests.add(outcome.outcomes.at(-1).digest);
      done += 1;
      await turn();
    }
  };
  const callers = Promise.all(Array.from({ length: 4 }, caller));
  const begun = performance.now();
  const other = installed(await moduleOf(''), 'policy-2');
  for (let number = 0; number < SWAPS; number += 1) {
    const last = { ...(number % 2 === 0 ? other : policies[2]) };
    if (number % 10 === 0) last.prepared = { ...last.prepared };
    await pool.install({ policies: [...policies.slice(0, 2), last] });
  }
  isSwapping = false;
  await callers;
  const ms = (performance.now() - begun) / SWAPS;
  console.log(
    `${SWAPS} swaps of ${ms.toFixed(1)} ms, ${done} calls meanwhile, none failed, the last policy of ${digests.size} digests`,
  );
}

async function hostile() {
  const pool = new SandboxPool({ clock: new SystemClock(), workers: 1, engine: options.engine });
  const good = installed(await moduleOf(''), 'good');
  const before = process.memoryUsage().rss;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const codes = new Map();
  for (const body of [
    '(loop $l (br $l))',
    '(loop $l (drop (memory.grow (i32.const 1))) (br $l))',
    '(loop $l (drop (call $alloc (i64.const 1))) (br $l))',
    '(loop $l (drop (call $alloc (i64.const 16777216))) (br $l))',
  ]) {
    // prettier-ignore
    const bad = installed(await moduleOf(body), 'bad');
    await pool.install({ policies: [bad, good] });
    delay.enable();
    for (let number = 0; number < 20; number += 1) {
      await pool.install({ policies: [{ ...bad }, good] });
      const { code } = await pool.run(CALL);
      codes.set(code, (codes.get(code) ?? 0) + 1);
      const { decision } = await pool.run({ ...CALL, only: ['good'] });
      if (decision !== 'allow') throw new Error('the good policy was not answered');
    }
    delay.disable();
  }
  await pool.close();
  const rss = (process.memoryUsage().rss - before) / 2 ** 20;
  console.log(`hostile: ${[...codes].map(([code, count]) => `${code} ${count}`).join(', ')}`);
  console.log(`event loop p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms (goal ${GOALS.loopP99Ms}), RSS ${rss.toFixed(0)} MiB more once the workers have ended`); // prettier-ignore
}

const policies = await chain();
const pool = new SandboxPool({ clock: new SystemClock(), workers: Number(options.workers), engine: options.engine });
await pool.install({ policies });
for (let number = 0; number < 1_000; number += 1) requireNoFailure(await pool.run(CALL));
const { outcomes } = await pool.run(CALL);
console.log(outcomes.map(({ fuel, latencyUs }) => `${fuel} fuel in ${latencyUs} µs`).join(' · '));
await latency(pool);
await saturated(pool);
await swaps(pool, policies);
await pool.close();
await hostile();
