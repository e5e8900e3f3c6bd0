import { type EngineConnection, type EngineHealth } from '../../../contracts/engine.js';
import { isEngineError } from '../../../contracts/engine-error.js';
import { countMs, demand, eventually } from '../../demand.js';
import { type Check, skip, type Skip } from '../../kit.js';
import { type EngineBench } from '../engine-bench.js';
import { answerFrames, streamOf } from './answers.js';
import { type EngineWire } from './engine-wire.js';
import { onWire, type WireBench, type WireOptions } from './wire-bench.js';

/** A probe has one second; the rest is for slow machines. */
const PROBE_MS = 2_000;
const KEY_VARIABLE = 'LLORCH_CONFORMANCE_KEY';
const KEY = 'kit-secret-5c1e9';

/** What health and describe make of the states of an engine. */
export const wireStateChecks: readonly Check<EngineBench>[] = [
  onWire('EA-40b says failed when the engine is dead', async (bench) => {
    const connection = await bench.connectReady();
    const dead = bench.wire.states?.dead ?? (() => ({ status: 503, body: '' }));
    bench.server.answer = (request) => dead(request) ?? bench.wire.reply(request);
    await demandHealth(bench, connection, 'failed', 'a dead engine');
    bench.server.answer = (request) => bench.wire.reply(request);
    await demandHealth(bench, connection, 'ready', 'an engine that came back');
  }),
  onWire('EA-40c says failed in time when the port is open and silent', async (bench) => {
    const connection = await bench.connectReady();
    bench.server.answer = () => 'silence';
    await demandHealth(bench, connection, 'failed', 'an engine that does not answer any more');
  }),
  onWire('EA-40d says failed when nothing listens any more', async (bench) => {
    const connection = await bench.connectReady();
    await bench.server.close();
    await demandHealth(bench, connection, 'failed', 'an engine that is gone');
  }),
  onWire(
    'EA-40e says loading while the engine loads, then ready',
    async (bench) => {
      const connection = await bench.connect();
      await demandHealth(bench, connection, 'loading', 'an engine that loads');
      bench.server.answer = (request) => bench.wire.reply(request);
      await demandHealth(bench, connection, 'ready', 'an engine that has loaded');
    },
    (wire) => {
      const loading = wire.states?.loading;
      return loading
        ? { answer: (request) => loading(request) ?? wire.reply(request) }
        : skip('the engine answers nothing while it loads');
    },
  ),
  onWire('EA-40f says ready, and why it may be slow, when the engine sleeps', async (bench) => {
    const sleeping = bench.wire.states?.sleeping;
    if (!sleeping) return skip('the engine does not sleep');
    const connection = await bench.connectReady();
    bench.server.answer = (request) => sleeping(request) ?? bench.wire.reply(request);
    const { reason } = await demandHealth(bench, connection, 'ready', 'an engine that sleeps');
    demand(reason === 'sleeping', 'The reason for a sleeping engine must be "sleeping".', {
      actual: reason,
      expected: 'sleeping',
    });
  }),
  onWire('EA-40g does not hang on a port that never answers', async (bench) => {
    bench.server.answer = () => 'silence';
    const elapsedMs = countMs();
    const state = await bench.connect().then(
      async (connection) => (await bench.health(connection)).state,
      (error: unknown) => error,
    );
    const tookMs = elapsedMs();
    demand(tookMs <= 2 * PROBE_MS, `connect and health took ${tookMs} ms on a silent port; limit each call.`);
    const isHonest = isEngineError(state) || state === 'loading' || state === 'failed';
    demand(isHonest, 'A port that never answered must not be ready.', { actual: String(state), expected: 'failed' });
  }),
  onWire('EA-41 takes the key from its environment variable and shows it to nobody', withKey, keyOptions),
  onWire('EA-42f describes the context of one request', async (bench) => {
    await bench.connectReady();
    const { contextTokens } = bench.description;
    demand(contextTokens === bench.wire.contextTokens, 'contextTokens is not that of one request.', {
      actual: contextTokens,
      expected: bench.wire.contextTokens,
    });
  }),
  onWire('EA-46 notices another model behind the same url (OC-ADAPT-5011)', async (bench) => {
    const other = bench.wire.states?.otherModel;
    if (!other) return skip('the engine tells no identity of its model');
    const connection = await bench.connectReady();
    const identity = () => bench.describe(connection).then((known) => [known.engineVersion, known.modelDigest].join());
    const before = await identity();
    bench.server.answer = (request) => other(request) ?? bench.wire.reply(request);
    await bench.health(connection);
    const isNew = await eventually(async () => (await identity()) !== before, bench.patienceMs);
    demand(isNew, `describe still names ${before}; ask the engine again.`);
  }),
];

/** Waits for the state: adapters may need a second look at an engine that changed. */
async function demandHealth(
  bench: WireBench,
  connection: EngineConnection,
  state: EngineHealth['state'],
  what: string,
): Promise<EngineHealth> {
  const elapsedMs = countMs();
  let health = await bench.health(connection);
  const look = async (): Promise<EngineHealth> => (health = await bench.health(connection));
  const tookMs = elapsedMs();
  demand(tookMs <= PROBE_MS, `health took ${tookMs} ms for ${what}; a probe has one second.`);
  const isSo = async (): Promise<boolean> => health.state === state || (await look()).state === state;
  await eventually(isSo, bench.patienceMs);
  demand(health.state === state, `health must say ${state} for ${what}.`, {
    actual: [health.state, health.reason],
    expected: state,
  });
  return health;
}

async function withKey(bench: WireBench): Promise<void> {
  process.env[KEY_VARIABLE] = KEY;
  try {
    const connection = await bench.connectReady();
    bench.server.script = () => streamOf(bench.wire, answerFrames(bench.wire));
    await bench.run(connection, bench.request());
    const { headers } = (await bench.arrived(1)).request;
    demand(JSON.stringify(headers).includes(KEY), 'The key was not sent with the task; send it as a header.');
    const refusal = { status: 401, body: { error: { message: `Invalid API key ${KEY}` } } };
    const { error } = await bench.play(connection, { type: 'reply', reply: refusal });
    bench.server.answer = () => refusal;
    const { reason, error: failure } = await bench.health(connection);
    const shown = [...bench.logs, reason, error?.message, error?.stack, failure?.message].join('\n');
    demand(!shown.includes(KEY), 'The key stands in a log line, a message or a reason; never show it.');
  } finally {
    delete process.env[KEY_VARIABLE];
  }
}

/** The adapter reads the variable when it is made or when it connects. */
function keyOptions(wire: EngineWire): WireOptions | Skip {
  if (!wire.key) return skip('the engine takes no key');
  process.env[KEY_VARIABLE] = KEY;
  return { options: wire.key(KEY_VARIABLE) };
}
