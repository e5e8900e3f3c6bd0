// Asks every module of the corpus in turn, with a good policy beside it, in a process of its own, and prints what that did
// to the process: node --expose-gc test/policy/hostile/pressure.mjs [rounds]. Needs a build.
import { registerHooks } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SystemClock } from '../../../dist/kernel/clock.js';
import { prepareModule } from '../../../dist/policy-host/module/prepare.js';
import { SandboxPool } from '../../../dist/policy-host/sandbox/pool/sandbox-pool.js';

// The corpus is TypeScript, which this Node reads once it finds the files; of what it imports there is a compiled one.
registerHooks({
  resolve(name, context, next) {
    const isOurs = name.startsWith('.') && context.parentURL?.endsWith('.ts');
    return next(isOurs ? (name.includes('/src/') ? name.replace('/src/', '/dist/') : name.replace(/js$/, 'ts')) : name, context); // prettier-ignore
  },
});
const { HOSTILE_CALLS } = await import('./corpus.ts');
const { answering } = await import('../modules.ts');
const { requestEvent } = await import('../events.ts');

const CALLS = 3;
const WARM_ROUNDS = 2;
const SHOWN = 5;
const READINGS = 10;
const FAIL_CLOSED = { on_request: 'deny', on_response: 'deny', on_admission: 'allow' };
const rounds = Number(process.argv[2] ?? 1);
const wrong = [];
let unanswered = 0;

const good = await installed(await answering({ decision: 'deny', code: 'GOOD' }), 'good');
const bad = [];
for (const { name, module, code, limits } of HOSTILE_CALLS)
  bad.push({ name, code, policy: await installed(await module(), `bad-${bad.length}`, limits) });

await round([]);
const coldMb = await residentMb();
// What a process takes once for good is the code that the engine makes of modules, and what the allocator keeps for later.
for (let number = 0; number < WARM_ROUNDS; number += 1) await round(bad);
const beforeMb = await residentMb();
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
for (let number = 0; number < rounds; number += 1) await round(bad);
delay.disable();
const keptMb = (await residentMb()) - beforeMb;
console.log(JSON.stringify({ calls: (WARM_ROUNDS + rounds) * bad.length * CALLS, wrong: wrong.slice(0, SHOWN), unanswered, warmMb: beforeMb - coldMb, keptMb, loopP99Ms: delay.percentile(99) / 1e6, loopMaxMs: delay.max / 1e6 })); // prettier-ignore

async function round(modules) {
  const pool = new SandboxPool({ clock: new SystemClock(), workers: 1, deadlineMs: 10_000 });
  await pool.install({ policies: [...modules.map(({ policy }) => policy), good] });
  for (const one of modules) {
    for (let call = 0; call < CALLS; call += 1) await expectCode(pool, one);
    const { code } = await pool.run(callOf('good'));
    if (code !== 'GOOD') unanswered += 1;
  }
  await pool.close();
}

async function expectCode(pool, { name, code, policy }) {
  const outcome = await pool.run(callOf(policy.id));
  if (outcome.decision !== 'deny' || outcome.code !== code)
    wrong.push(`${name}: ${outcome.decision} ${outcome.code}, not deny ${code}: ${outcome.reason}`);
}

function callOf(id) {
  return { hook: 'on_request', event: requestEvent(), bodies: new Map(), counters: {}, only: [id] };
}

async function installed(bytes, id, limits = {}) {
  const prepared = prepareModule(bytes, limits);
  const { hooks, defaults: config } = prepared.manifest;
  return { id, prepared, config, mayModify: false, hooks, mode: 'enforce', onError: FAIL_CLOSED };
}

/** The lowest of some readings: what threads held goes back a moment after they have ended. */
async function residentMb() {
  const readings = [];
  for (let number = 0; number < READINGS; number += 1) {
    globalThis.gc?.();
    readings.push(process.memoryUsage.rss() / 2 ** 20);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return Math.min(...readings);
}
