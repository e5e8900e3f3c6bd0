// How soon a supervised engine that died or hangs is found, and how soon it serves again: real processes, 20 rounds each.
// `tsc -b && node test/bench/supervision.bench.mjs`
import { fileURLToPath } from 'node:url';
import embedded from '@llama-orch/engine-embedded';
import llamacpp from '@llama-orch/engine-llamacpp';
import { parseConfig } from '../../dist/config/index.js';
import { SystemClock } from '../../dist/kernel/clock.js';
import { SeededRandom } from '../../dist/kernel/random.js';
import { Metrics } from '../../dist/observability/metrics.js';
import { NOTHING_TO_LAUNCH } from '../../dist/pools/launch.js';
import { Pool } from '../../dist/pools/pool.js';
import { Supervisor } from '../../dist/pools/supervisor.js';
import { startProcess } from './processes.mjs';

const SIDE_BY_SIDE = 10;
const ROUNDS_EACH = 2;
const FAKE_SERVER = fileURLToPath(new URL('../support/fake-llama-server/main.mjs', import.meta.url));
const clock = new SystemClock();
const quiet = { log() {}, info() {}, warn() {}, error() {} };

function supervise(plugin, facts) {
  const adapter = plugin.create(plugin.options.parse({}), { log() {} });
  const [config] = parseConfig({ pools: [{ id: 'p', engine: plugin.id, model: 'haiku-nano', ...facts }] }).pools;
  const pool = new Pool(config, adapter);
  const [replica] = pool.replicas;
  const listener = { replicaReady() {}, replicaLost() {}, poolFailed() {} };
  const ports = { clock, random: new SeededRandom(1), logger: quiet, metrics: new Metrics(), listener };
  const supervisor = new Supervisor(pool, replica, { ...ports, launcher: NOTHING_TO_LAUNCH });
  supervisor.start();
  return { replica, supervisor };
}

async function until(holds) {
  const began = performance.now();
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
  return performance.now() - began;
}

/** One decode of a task, as the scheduler shows it to the supervisor. */
function decode(replica) {
  const run = { startedAt: clock.now(), lastSignAt: clock.now(), hasDecoded: false, stopped: false };
  replica.decodes.add(run);
  const sampling = {
    temperature: 1,
    topP: 1,
    topK: 0,
    minP: 0,
    presencePenalty: 0,
    frequencyPenalty: 0,
    repeatPenalty: 1,
  };
  const request = { taskId: 't', prompt: { type: 'text', text: 'a frog' }, seed: 1, maxTokens: 400 };
  const drain = async () => {
    const batches = replica.connection.generate(
      { ...request, sampling: { ...sampling, stop: [] } },
      new AbortController().signal,
    );
    for await (const _ of batches) Object.assign(run, { lastSignAt: clock.now(), hasDecoded: true });
  };
  void drain()
    .catch(() => {})
    .finally(() => replica.decodes.delete(run));
  return run;
}

/** Breaks an engine, and measures until that shows and until it serves again. */
async function rounds(world, breakIt, mend = () => {}) {
  const { replica, supervisor } = world;
  const figures = [];
  for (let round = 0; round < ROUNDS_EACH; round++) {
    await until(() => replica.ready);
    await breakIt(replica);
    const detected = await until(() => !replica.ready);
    const reason = replica.lastError?.reason;
    await mend();
    figures.push({ detected, reason, ready: detected + (await until(() => replica.ready)) });
  }
  await supervisor.stop();
  return figures;
}

async function scenario(name, limitMs, worlds, breakIt, mends = []) {
  const figures = (
    await Promise.all(worlds.map((world, at) => rounds(world, (replica) => breakIt(replica, at), mends[at])))
  ).flat();
  const of = (member) => figures.map((figure) => Math.round(figure[member])).toSorted((a, b) => a - b);
  const spread = (values) => `median ${values[values.length >> 1]}  max ${values.at(-1)}`;
  const reasons = [...new Set(figures.map(({ reason }) => reason))].join(', ');
  console.log(
    `${name}\n  detected ms  ${spread(of('detected'))}  (limit ${limitMs}, reason ${reasons}, ${figures.length} rounds)`,
  );
  console.log(`  ready again  ${spread(of('ready'))}`);
}

const many = (make) => Array.from({ length: SIDE_BY_SIDE }, make);
const killWith = (signal) => (replica) => process.kill(replica.connection.runnerPid, signal);

async function crashLoop() {
  const world = supervise(embedded, {
    breaker: { failures: 5, open_ms: 2000 },
    backoff: { initial_ms: 100, jitter: 0.2 },
  });
  const { replica, supervisor } = world;
  const waits = [];
  while (replica.state !== 'failed') {
    await until(() => replica.ready);
    killWith('SIGKILL')(replica);
    await until(() => replica.state === 'backoff' || replica.state === 'failed');
    waits.push(Math.round(replica.startAt - clock.now()));
  }
  const crashes = waits.length;
  const closed = await until(() => replica.breaker === 'closed');
  console.log(
    `crash loop\n  breaker opened after ${crashes} crashes, waits ms ${waits.join(' ')}; closed ${Math.round(closed)} ms later`,
  );
  await supervisor.stop();
}

const FAST = { backoff: { initial_ms: 100 }, breaker: { failures: 1000 } };
await scenario(
  'kill -9',
  500,
  many(() => supervise(embedded, FAST)),
  killWith('SIGKILL'),
);
await scenario(
  'SIGSTOP while it decodes',
  2000,
  many(() => supervise(embedded, { ...FAST, probe: { progress_ms: 2000 } })),
  async (replica) => {
    const run = decode(replica);
    await until(() => run.hasDecoded);
    killWith('SIGSTOP')(replica);
  },
);
await scenario(
  'SIGSTOP while it idles (embedded: its own heartbeat)',
  12_000,
  many(() => supervise(embedded, FAST)),
  killWith('SIGSTOP'),
);
const servers = await Promise.all(
  many(() => startProcess(FAKE_SERVER, ['--slots=1', '--context=4096', '--model=haiku-nano'])),
);
const attached = servers.map(({ url }) => supervise(llamacpp, { ...FAST, endpoint: url }));
const resume = servers.map(
  ({ pid }) =>
    () =>
      process.kill(pid, 'SIGCONT'),
);
await scenario(
  'SIGSTOP of an external engine (three probes of 3 s each)',
  9_500,
  attached,
  (_, at) => process.kill(servers[at].pid, 'SIGSTOP'),
  resume,
);
await Promise.all(servers.map((server) => server.stop()));
await crashLoop();
