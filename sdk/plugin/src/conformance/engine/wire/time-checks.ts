import { type EngineConnection } from '../../../contracts/engine.js';
import { countMs, demand, eventually } from '../../demand.js';
import { type Check, skip, type Skip } from '../../kit.js';
import { type EngineBench } from '../engine-bench.js';
import { type Transcript } from '../transcript.js';
import { endFrames, streamOf, tokenFrames } from './answers.js';
import { demandFailure } from './end-checks.js';
import { type Exchange, type Script } from './scripted-server.js';
import { demandText } from './stream-checks.js';
import { onWire, type WireBench, type WireOptions } from './wire-bench.js';
import { type EngineWire } from './engine-wire.js';

const CANCELS = 24;
const CLOSE_MS = 250;
/** Above what the loopback holds in its own buffers, and above what an adapter may. */
const MOST_UNREAD_BYTES = 24 * 1024 * 1024;
const FLOOD_BYTES = 64 * 1024 * 1024;
const STALLED_LOOKS = 50;
const LOOK_MS = 5;
/** The limits of the fixture are about 250 ms. */
const LATEST_LIMIT_MS = 3_000;
const PINGS = 12;
const PING_MS = 50;

/** Aborts, limits and slow consumers, as the engine sees them. */
export const wireTimeChecks: readonly Check<EngineBench>[] = [
  onWire('EA-34b closes the connection when it is aborted before the first byte (ORCH-3017)', async (bench) => {
    const connection = await bench.connectReady();
    const exchange = await abortWhen(bench, connection, { type: 'silence' }, () => bench.server.exchanges.length > 0);
    await bench.demandAbandoned(exchange, 'after an abort before the first byte');
  }),
  onWire('EA-35d closes the connection within 250 ms of an abort (ORCH-3017)', async (bench) => {
    const connection = await bench.connectReady();
    for (let cancel = 0; cancel < CANCELS; cancel++) {
      const waitMs = await cancelOnce(bench, connection);
      demand(waitMs <= CLOSE_MS, `The connection closed ${waitMs} ms after an abort; the limit is 250.`);
    }
  }),
  onWire('EA-35e closes the connection when its consumer leaves', async (bench) => {
    const connection = await bench.connectReady();
    const iterator = await begin(bench, connection, endless(bench.wire), new AbortController().signal);
    await bench.inTime(Promise.resolve(iterator.return?.()), 'generate is stuck when its consumer leaves.');
    await bench.demandAbandoned(bench.server.exchanges.at(-1)!, 'when the consumer left');
  }),
  onWire(
    'EA-37 ends a call whose first byte does not come',
    async (bench) => {
      const connection = await bench.connectReady();
      await demandLimit(bench, connection, { type: 'silence' }, 'a reply that does not begin');
    },
    limited,
  ),
  onWire(
    'EA-37b ends an answer that falls silent, and says so apart',
    async (bench) => {
      const connection = await bench.connectReady();
      const silent = streamOf(bench.wire, tokenFrames(bench.wire), 'open');
      const idle = await demandLimit(bench, connection, silent, 'an answer that fell silent');
      const first = await demandLimit(bench, connection, { type: 'silence' }, 'a reply that does not begin');
      const reasons = [reasonOf(idle), reasonOf(first)];
      demand(reasons[0] !== reasons[1], 'Silence inside an answer and before it must have reasons of their own.', {
        actual: reasons,
        expected: ['idle', 'first_byte'],
      });
    },
    limited,
  ),
  onWire(
    'EA-37c takes comments for a living connection, and not for tokens',
    async (bench) => {
      const { wire } = bench;
      if (wire.framing === 'ndjson') return skip('lines of JSON have no comments');
      const connection = await bench.connectReady();
      const [first = '', ...rest] = tokenFrames(wire);
      async function* pieces() {
        yield first;
        for (let ping = 0; ping < PINGS; ping++) {
          await eventually(() => false, PING_MS);
          yield ': ping\n\n';
        }
        yield [...rest, ...endFrames(wire)].join('');
      }
      demandText(await bench.play(connection, streamOf(wire, pieces())), 'with comments in a long pause');
    },
    limited,
  ),
  onWire('EA-38 stops reading when its consumer stops', async (bench) => {
    const connection = await bench.connectReady();
    const abort = new AbortController();
    const iterator = await begin(bench, connection, flood(bench.wire), abort.signal);
    const exchange = bench.server.exchanges.at(-1)!;
    const unread = await whenStalled(exchange);
    demand(
      unread < MOST_UNREAD_BYTES,
      `${unread} bytes were read while the consumer slept; stop at 256 kB and read on when it comes back.`,
    );
    const before = exchange.sentBytes;
    await bench.inTime(iterator.next(), 'Reading does not go on when the consumer comes back.');
    const goesOn = await readUntil(bench, iterator, () => exchange.sentBytes > before);
    demand(goesOn, 'Reading does not go on when the consumer comes back.');
    abort.abort();
    const last = await bench.inTime(iterator.next(), 'generate ignores the abort.');
    demand(last.done === true, 'A batch was yielded after the abort; drop what waits.');
  }),
  onWire('EA-52d closes every connection to the engine when it is closed', async (bench) => {
    const connection = await bench.connectReady();
    const signal = new AbortController().signal;
    const iterators = [
      await begin(bench, connection, endless(bench.wire), signal),
      await begin(bench, connection, endless(bench.wire), signal),
    ];
    const before = bench.server.exchanges.slice(-2);
    await bench.inTime(connection.close(), 'close is stuck while answers run.');
    for (const exchange of before) await bench.demandAbandoned(exchange, 'after close');
    for (const iterator of iterators) {
      await bench.inTime(
        iterator.next().catch(() => undefined),
        'An answer did not end with its connection.',
      );
    }
  }),
];

type Iterator = AsyncIterator<unknown>;

/** Starts an answer and reads its first batch. */
async function begin(
  bench: WireBench,
  connection: EngineConnection,
  script: Script,
  signal: AbortSignal,
): Promise<Iterator> {
  bench.server.script = () => script;
  const iterator = connection.generate(bench.request({ maxTokens: 100_000 }), signal)[Symbol.asyncIterator]();
  const step = await bench.inTime(iterator.next(), 'The first token did not come.');
  demand(step.done !== true, 'An answer without an end ended at once.');
  return iterator;
}

async function abortWhen(
  bench: WireBench,
  connection: EngineConnection,
  script: Script,
  isTime: () => boolean,
): Promise<Exchange> {
  bench.server.script = () => script;
  const abort = new AbortController();
  const iterator = connection.generate(bench.request(), abort.signal)[Symbol.asyncIterator]();
  const first = iterator.next();
  demand(await eventually(isTime, bench.patienceMs), 'generate did not call the engine.');
  abort.abort();
  const step = await bench.inTime(first, 'generate ignores an abort before the first byte.');
  demand(step.done === true, 'A batch was yielded after the abort.');
  return bench.server.exchanges.at(-1)!;
}

/** Milliseconds from an abort to the end of the connection. */
async function cancelOnce(bench: WireBench, connection: EngineConnection): Promise<number> {
  const abort = new AbortController();
  const iterator = await begin(bench, connection, endless(bench.wire), abort.signal);
  const exchange = bench.server.exchanges.at(-1)!;
  const elapsedMs = countMs();
  abort.abort();
  const step = await bench.inTime(iterator.next(), 'generate ignores the abort.');
  demand(step.done === true, 'A batch was yielded after the abort.');
  await bench.demandAbandoned(exchange, 'after an abort in mid-stream', bench.patienceMs);
  return elapsedMs();
}

async function demandLimit(
  bench: WireBench,
  connection: EngineConnection,
  script: Script,
  what: string,
): Promise<Transcript> {
  const calls = bench.server.exchanges.length + 1;
  const elapsedMs = countMs();
  const transcript = await bench.play(connection, script);
  const tookMs = elapsedMs();
  demandFailure(transcript, what);
  const { code } = transcript.error as { code?: unknown };
  demand(code === 'timeout', `${what} must be a timeout.`, { actual: code, expected: 'timeout' });
  demand(tookMs <= LATEST_LIMIT_MS, `${what} was ended after ${tookMs} ms; the limits of the fixture are not kept.`);
  await bench.demandAbandoned(await bench.arrived(calls), `after ${what}`);
  return transcript;
}

function limited(wire: EngineWire): WireOptions | Skip {
  return wire.limits ? { options: wire.limits } : skip('the adapter has no limits that can be set');
}

/** A token, and no end. */
function endless(wire: EngineWire): Script {
  return streamOf(wire, tokenFrames(wire, ['one']), 'open');
}

function flood(wire: EngineWire): Script {
  const block = wire.token(' llama', { at: 1, before: 'one' }).repeat(512);
  function* pieces() {
    yield wire.token('one', { at: 0, before: '' });
    for (let bytes = 0; bytes < FLOOD_BYTES; bytes += block.length) yield block;
  }
  return streamOf(wire, pieces(), 'open');
}

/** What was sent when no more is taken. Looks are counted, not time: a busy machine is slow in both. */
async function whenStalled(exchange: Exchange): Promise<number> {
  let before = -1;
  for (let looks = 0; looks < STALLED_LOOKS && exchange.sentBytes < MOST_UNREAD_BYTES; looks++) {
    if (exchange.sentBytes !== before) looks = 0;
    before = exchange.sentBytes;
    await eventually(() => false, LOOK_MS);
  }
  return exchange.sentBytes;
}

async function readUntil(bench: WireBench, iterator: Iterator, isTime: () => boolean): Promise<boolean> {
  for (let batches = 0; batches < 10_000; batches++) {
    if (isTime()) return true;
    if ((await bench.inTime(iterator.next(), 'Reading is stuck.')).done === true) return false;
  }
  return false;
}

function reasonOf({ error }: Transcript): unknown {
  return (error as { reason?: unknown } | undefined)?.reason;
}
