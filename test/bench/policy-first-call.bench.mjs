// Run by hand, after a build: node test/bench/policy-first-call.bench.mjs [--installs=10] [policy.wasm …]
// What the first call after an install takes, beside a warm one: the time of the policy in its worker. Without files the
// built-in policies are used. Goal: at most three times as long. A missed goal is exit code 1.
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SystemClock } from '../../dist/kernel/clock.js';
import { prepareModule } from '../../dist/policy-host/module/prepare.js';
import { syntheticEvent } from '../../dist/policy-host/sandbox/instance/synthetic-event.js';
import { SandboxPool } from '../../dist/policy-host/sandbox/pool/sandbox-pool.js';

const { values: options, positionals } = parseArgs({
  options: { installs: { type: 'string', default: '10' } },
  allowPositionals: true,
});
const GOAL = 3;
const CALLS = 100;
const WARM_FROM = 50;
const FAIL_CLOSED = { on_request: 'deny', on_response: 'deny', on_admission: 'deny' };
const BUILT_IN = fileURLToPath(new URL('../../dist/policies/', import.meta.url));

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const pause = () => new Promise((resolve) => setTimeout(resolve, 2));

function files() {
  if (positionals.length > 0) return positionals;
  return readdirSync(BUILT_IN)
    .filter((name) => name.endsWith('.wasm'))
    .map((name) => `${BUILT_IN}${name}`);
}

function installed(bytes) {
  const prepared = prepareModule(bytes, {});
  const { name: id, hooks, defaults: config } = prepared.manifest;
  return { id, prepared, config, mayModify: true, hooks, mode: 'enforce', onError: FAIL_CLOSED };
}

/** Time of the first call and of a warm one, in µs, and of the install, in ms. */
async function afterInstall(pool, policy) {
  const [hook] = policy.hooks;
  const begun = performance.now();
  await pool.install({ policies: [policy] });
  const installMs = performance.now() - begun;
  const taken = [];
  for (let call = 0; call < CALLS; call += 1) {
    const { outcomes } = await pool.run({ hook, event: syntheticEvent(hook), bodies: new Map(), counters: {} });
    taken.push(outcomes[0].latencyUs);
    await pause();
  }
  return { firstUs: taken[0], warmUs: median(taken.slice(WARM_FROM)), installMs };
}

const pool = new SandboxPool({ clock: new SystemClock(), workers: 1, deadlineMs: 5_000 });
let missed = 0;
for (const file of files()) {
  const bytes = readFileSync(file);
  const all = [];
  for (let install = 0; install < Number(options.installs); install += 1)
    all.push(await afterInstall(pool, installed(bytes)));
  const of = (member) => median(all.map((one) => one[member]));
  const ratio = median(all.map(({ firstUs, warmUs }) => firstUs / warmUs));
  if (ratio > GOAL) missed += 1;
  console.log(`${basename(file)}: first call ${of('firstUs')} µs, warm ${of('warmUs')} µs, ratio ${ratio.toFixed(1)} (goal ${GOAL}), install ${of('installMs').toFixed(0)} ms`); // prettier-ignore
}
await pool.close();
process.exitCode = missed === 0 ? 0 : 1;
