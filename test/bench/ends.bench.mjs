// Run by hand, after a build: node test/bench/ends.bench.mjs [--goals] [--rounds=100]
// How soon ends what nobody wants any more: answers that are cancelled or lose their reader (ORCH-3017), a model that is
// replaced under a running stream (HME-031), and a daemon that is told to stop (ORCH-4808). With --goals a missed goal is
// exit code 1.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client } from '@llama-orch/client';
import { startProcess } from './processes.mjs';

// The fake engines are TypeScript, and name each other by what they are built to.
registerHooks({
  resolve(specifier, context, next) {
    const isOurs = /^\.\.?\//.test(specifier) && context.parentURL?.endsWith('.ts');
    return next(isOurs ? specifier.replace(/\.js$/, '.ts') : specifier, context);
  },
});

const { values: options } = parseArgs({
  options: { goals: { type: 'boolean', default: false }, rounds: { type: 'string', default: '100' } },
});
const ROUNDS = Number(options.rounds);
const RELOADS = 6;
const STOPS = 5;
const STREAMS = 16;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const FAKES = '../support/fake-engines';
const ENGINES = {
  llamacpp: async () => (await import('../support/fake-llama-server/fake-llama-server.ts')).startFakeLlamaServer,
  vllm: async () => (await import(`${FAKES}/vllm.ts`)).startFakeVllm,
  tgi: async () => (await import(`${FAKES}/tgi.ts`)).startFakeTgi,
  triton: async () => (await import(`${FAKES}/triton.ts`)).startFakeTriton,
  openai: async () => (await import(`${FAKES}/openai.ts`)).startFakeOpenAi,
};
const folder = mkdtempSync(join(tmpdir(), 'llama-orch-ends-'));
const part = (values, share) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)];
let daemons = 0;
let missed = 0;

/** The daemon as it is installed, with these pools, all of them ready. */
async function start(pools, more = {}) {
  daemons += 1;
  const config = join(folder, `${daemons}.yaml`);
  const storage = { data_dir: join(folder, `data-${daemons}`) };
  writeFileSync(config, JSON.stringify({ server: { bind: '127.0.0.1:0' }, storage, pools, ...more }));
  const daemon = await startProcess(here('../../bin/llama-orch.mjs'), ['serve', '--config', config]);
  const client = new Client({ url: daemon.url });
  for (const { id } of pools) await until(async () => (await client.poolHealth(id)).ready);
  return { ...daemon, client };
}

/** Milliseconds until it holds. */
async function until(holds) {
  const begun = performance.now();
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
  return performance.now() - begun;
}

/** Submits a task and reads its stream up to the first token. */
async function running(client, model, maxTokens, prompt = 'a frog') {
  const { task_id: id } = await client.submit({
    ...{ workload: 'completion', model_ref: model, priority: 'interactive', on_disconnect: 'cancel' },
    ...{ prompt, max_tokens: maxTokens },
  });
  const reading = new AbortController();
  const frames = client.stream(id, { signal: reading.signal })[Symbol.asyncIterator]();
  for (let frame; frame?.value?.event !== 'token';) {
    frame = await frames.next();
    if (frame.done) throw new Error('the answer ended before its first token');
  }
  return { id, frames, leave: () => reading.abort() };
}

const WAYS = {
  cancelled: (client, stream) => client.cancel(stream.id),
  'left by its reader': (_, stream) => stream.leave(),
};

async function answers(engine) {
  const fake = await (await ENGINES[engine]())({ slots: 1, contextTokens: 4_096, tps: 50 });
  const pool = { id: 'p', engine, model: 'tiny', endpoint: fake.url, ctx: 4_096, determinism: 'best_effort' };
  const daemon = await start([pool]);
  await until(() => fake.stats.busySlots === 0);
  for (const [how, end] of Object.entries(WAYS)) {
    const [closed, free] = [[], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      const stream = await running(daemon.client, 'tiny', 2_000);
      const { abandoned } = fake.stats;
      const begun = performance.now();
      const ended = Promise.resolve(end(daemon.client, stream));
      closed.push(await until(() => fake.stats.abandoned > abandoned));
      await until(async () => (await daemon.client.poolHealth('p')).replicas[0].active_leases === 0);
      free.push(performance.now() - begun);
      await ended;
      stream.leave();
    }
    row(`${engine}, ${how}: closed upstream, p99 of ${ROUNDS}`, part(closed, 0.99), 250);
    row(`${engine}, ${how}: slot free, p99 of ${ROUNDS}`, part(free, 0.99), 1_000);
  }
  await daemon.stop();
  await fake.close();
}

/** Between two files of the bundled model, one of which names itself otherwise. */
async function reloads() {
  const haiku = readFileSync(here('../../plugins/engine-embedded/models/haiku-nano.gguf'));
  const models = ['haiku-nano', 'other-nano'].map((name) => {
    const bytes = Buffer.from(haiku);
    bytes.write(name, bytes.indexOf('haiku-nano'));
    const file = join(folder, `${name}.gguf`);
    writeFileSync(file, bytes);
    return `file:${file}`;
  });
  // How fast two equal models are beside each other says how busy the machine is.
  const pool = { id: 'p', engine: 'embedded', model: models[0], reload: { min_speed: 0 } };
  const daemon = await start([pool]);
  const took = [];
  for (let round = 1; round <= RELOADS; round += 1) {
    const stream = await running(daemon.client, models[(round + 1) % 2], 200);
    const reloaded = await daemon.client.reloadPool('p', { new_model_ref: models[round % 2] });
    took.push(reloaded.took_ms);
    stream.leave();
  }
  await daemon.stop();
  row(`reload of the embedded engine, worst of ${RELOADS}`, part(took, 1), 10_000);
}

async function stops() {
  const [refused, gone] = [[], []];
  for (let round = 0; round < STOPS; round += 1) {
    const pool = { id: 'p', engine: 'mock', model: 'mock', allow_mock: true, slots: STREAMS };
    const daemon = await start([pool], { server: { bind: '127.0.0.1:0', shutdown_ms: 600_000 } });
    const silent = () => running(daemon.client, 'mock', 2_000, '[[mock:stall@1]]');
    const streams = await Promise.all(Array.from({ length: STREAMS }, silent));
    process.kill(daemon.pid, 'SIGTERM');
    refused.push(await until(async () => (await fetch(`${daemon.url}/readyz`)).status === 503));
    const ended = Promise.all(streams.map(({ frames }) => lastOf(frames)));
    process.kill(daemon.pid, 'SIGTERM');
    const begun = performance.now();
    const last = await ended;
    if (last.some((event) => event !== 'error')) throw new Error(`streams ended with ${last.join(', ')}`);
    await until(() => !isAlive(daemon.pid));
    gone.push(performance.now() - begun);
  }
  row(`SIGTERM: says that it is not ready, worst of ${STOPS}`, part(refused, 1), 250);
  row(`second SIGTERM: ${STREAMS} streams ended and process gone, worst`, part(gone, 1), 2_000);
}

async function lastOf(frames) {
  let last;
  for (let frame = await frames.next(); !frame.done; frame = await frames.next()) last = frame.value.event;
  return last;
}

function isAlive(pid) {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function row(what, ms, goal) {
  const isMet = ms <= goal;
  if (!isMet) missed += 1;
  console.log(`${what.padEnd(64)} ${ms.toFixed(0).padStart(6)} ms   goal ${goal} ms${isMet ? '' : '  MISSED'}`);
}

console.log(`load ${loadavg()[0].toFixed(1)} before`);
try {
  for (const engine of Object.keys(ENGINES)) await answers(engine);
  await reloads();
  await stops();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(options.goals && missed > 0 ? 1 : 0);
