import { type EngineConnection } from '../../../contracts/engine.js';
import { demand, eventually, isFailedCheck } from '../../demand.js';
import { type Check, skip } from '../../kit.js';
import { type EngineBench } from '../engine-bench.js';
import { demandEngineError, type Transcript } from '../transcript.js';
import { answerFrames, streamOf } from './answers.js';
import { demandMessage } from './end-checks.js';
import { type WireReply } from './engine-wire.js';
import { onWire, type WireBench } from './wire-bench.js';

const MESSAGE = 'kit says the field is odd';
const HTML = `<html><head><title>Bad gateway</title></head><body>${'nginx '.repeat(2_000)}</body></html>`;
const MOST_LOG_CHARS = 2_500;
/** A port that nothing listens on: the system hands out no port below 1024 to clients. */
const CLOSED = 'http://127.0.0.1:1';

const FAILED_MS = 2_500;

interface Expected {
  readonly code: string;
  readonly reason?: string;
}

/** How engines refuse, in all the shapes that are known. */
const BODIES: Readonly<Record<string, object>> = {
  'nested with a number': { error: { message: MESSAGE, type: 'BadRequestError', param: null, code: 400 } },
  'nested with a text': { error: { message: MESSAGE, type: 'invalid_request_error', param: null, code: 'invalid' } },
  flat: { object: 'error', message: MESSAGE, type: 'BadRequestError', param: null, code: 400 },
  'a text': { error: MESSAGE },
  'a text with a type': { error: MESSAGE, error_type: 'validation' },
  'nested with a status': { error: { message: MESSAGE, http_status_code: 422 } },
};

/** What comes out when the engine cannot be reached, or refuses. */
export const wireRefusalChecks: readonly Check<EngineBench>[] = [
  onWire('EA-17 calls an engine that cannot be reached unavailable', async (bench) => {
    await demandUnreachable(bench, CLOSED, 'a refused connection');
    await demandUnreachable(bench, 'http://engine.invalid', 'a host that does not exist');
    await demandUnreachable(bench, bench.server.origin.replace('http:', 'https:'), 'a failed TLS handshake');
    const connection = await bench.connectReady();
    await bench.server.close();
    await demandFailed(bench, connection, 'an engine that is gone');
    const transcript = await bench.run(connection, bench.request());
    demandCode(transcript, 'an engine that is gone', { code: 'unavailable' });
  }),
  onWire('EA-17b sends a generation once, also when its connection breaks', async (bench) => {
    const connection = await bench.connectReady();
    const transcript = await bench.play(connection, { type: 'refuse' });
    demandEngineError(transcript.error, 'for a connection that was reset before the head');
    const calls = bench.server.exchanges.length;
    demand(calls === 1, `A generation was sent ${calls} times; whether to try again is for the host to decide.`);
  }),
  onWire('EA-18 calls pages and empty bodies of gateways unavailable', async (bench) => {
    const connection = await bench.connectReady();
    for (const status of [502, 503, 504]) {
      for (const body of [HTML, '']) {
        const transcript = await refused(bench, connection, { status, body, headers: { 'content-type': 'text/html' } });
        demandCode(transcript, `${status} with ${body === '' ? 'no body' : 'a page'}`, { code: 'unavailable' });
        demand(!transcript.error!.message.includes('<'), 'A page became part of the message; leave it out.');
      }
    }
    const longest = Math.max(0, ...bench.logs.map((line) => line.length));
    demand(longest <= MOST_LOG_CHARS, `A line of ${longest} characters was logged; cut bodies at 2,000.`);
  }),
  onWire('EA-22 reads every known shape of a refusal', async (bench) => {
    const connection = await bench.connectReady();
    for (const status of [400, 422]) {
      for (const [shape, body] of Object.entries(BODIES)) {
        const transcript = await refused(bench, connection, { status, body });
        demandCode(transcript, `${status} with a body that is ${shape}`, { code: 'invalid-input' });
        demandMessage(transcript.error, MESSAGE);
      }
      demandCode(await refused(bench, connection, { status, body: '' }), `${status} without a body`, {
        code: 'invalid-input',
      });
    }
  }),
  onWire('EA-22b maps what engines answer instead of a stream', async (bench) => {
    const connection = await bench.connectReady();
    const said = { error: { message: 'busy', type: 'server_error', code: 503 } };
    const missing = { status: 404, body: { error: { message: 'The model does not exist', code: 404 } } };
    const cases: readonly [WireReply, Expected][] = [
      [
        { status: 401, body: said },
        { code: 'unavailable', reason: 'engine_auth' },
      ],
      [
        { status: 403, body: said },
        { code: 'unavailable', reason: 'engine_auth' },
      ],
      [bench.wire.modelMissing ?? missing, { code: 'unavailable', reason: 'model_missing' }],
      [
        { status: 429, body: said, headers: { 'retry-after': '3' } },
        { code: 'unavailable', reason: 'overloaded' },
      ],
      [
        { status: 503, body: said },
        { code: 'unavailable', reason: 'overloaded' },
      ],
      [{ status: 500, body: { error: { message: 'boom', type: 'kit', code: 500 } } }, { code: 'internal' }],
    ];
    for (const [reply, expected] of cases) {
      const transcript = await refused(bench, connection, reply);
      demandCode(transcript, `the status ${reply.status ?? 200}`, expected);
      if (reply.status === 429) demandRetry(transcript);
    }
  }),
  onWire('EA-23b tells a prompt that is too long with both numbers', async (bench) => {
    const { wire } = bench;
    if (!wire.tooLong) return skip('the engine never refuses a prompt for its length');
    const connection = await bench.connectReady();
    const context = wire.contextTokens;
    const transcript = await refused(bench, connection, wire.tooLong(context + 189, context));
    demandCode(transcript, 'a prompt that the engine finds too long', {
      code: 'invalid-input',
      reason: 'context_overflow',
    });
    const { message } = transcript.error!;
    const areTold = message.includes(String(context + 189)) && message.includes(String(context));
    demand(areTold, 'The message must name the length of the prompt and the context.', {
      actual: message,
      expected: `${context + 189} and ${context}`,
    });
  }),
];

async function refused(bench: WireBench, connection: EngineConnection, reply: WireReply): Promise<Transcript> {
  return bench.play(connection, { type: 'reply', reply });
}

/** Either `connect` throws, or `health` says failed and `generate` throws. */
async function demandUnreachable(bench: WireBench, origin: string, what: string): Promise<void> {
  bench.server.script = () => streamOf(bench.wire, answerFrames(bench.wire));
  try {
    const connection = await bench.connect(origin);
    await demandFailed(bench, connection, what);
    demandCode(await bench.run(connection, bench.request()), what, { code: 'unavailable' });
  } catch (error) {
    if (isFailedCheck(error)) throw error;
    demandEngineError(error, `by connect for ${what}`);
    demand(error.code === 'unavailable', `connect must call ${what} unavailable.`, {
      actual: error.code,
      expected: 'unavailable',
    });
  }
}

async function demandFailed(bench: WireBench, connection: EngineConnection, what: string): Promise<void> {
  const isFailed = await eventually(async () => (await bench.health(connection)).state === 'failed', FAILED_MS);
  demand(isFailed, `health does not say failed for ${what}.`);
}

function demandCode({ error, text }: Transcript, what: string, expected: Expected): void {
  demandEngineError(error, `for ${what} (the answer was ${JSON.stringify(text)})`);
  const isRight = error.code === expected.code && (expected.reason === undefined || error.reason === expected.reason);
  demand(isRight, `${what} is mapped wrongly.`, { actual: [error.code, error.reason, error.message], expected });
}

function demandRetry({ error }: Transcript): void {
  const { retryAfterMs } = error as { retryAfterMs?: unknown };
  demand(retryAfterMs === 3_000, 'Retry-After must become retryAfterMs.', { actual: retryAfterMs, expected: 3_000 });
}
