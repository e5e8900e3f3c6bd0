import { countMs, demand, eventually } from '../../demand.js';
import { type Check, skip } from '../../kit.js';
import { type EngineBench } from '../engine-bench.js';
import { demandEngineError, type Transcript } from '../transcript.js';
import { answerFrames, endFrames, endsByConnection, streamOf, TEXT, tokenFrames } from './answers.js';
import { type Ending } from './scripted-server.js';
import { demandText } from './stream-checks.js';
import { onWire, type WireBench } from './wire-bench.js';

const MESSAGE = 'kit says the llama stumbled';
/** What an engine said may be kept for the log, as far as that. */
const MOST_MESSAGE_CHARS = 2_000;
const RESET_MS = 500;

/** How an answer ends, well or badly. */
export const wireEndChecks: readonly Check<EngineBench>[] = [
  onWire('EA-12 takes an answer without its terminal marker for cut off', async (bench) => {
    if (endsByConnection(bench.wire)) return skip('the orderly end of the connection is the only marker of the engine');
    const tokens = tokenFrames(bench.wire);
    for (const frames of [tokens, tokens.slice(0, 1), []]) {
      demandCut(await playOut(bench, frames, 'whole'), `an answer that ended after ${frames.length} tokens`);
    }
    const { trailer } = bench.wire;
    if (trailer === undefined) return;
    demandCut(await playOut(bench, [...tokens, trailer], 'whole'), `${JSON.stringify(trailer)} without a marker`);
  }),
  onWire('EA-12b takes an answer whose connection closes without the last chunk for cut off', async (bench) => {
    for (const frames of [[], tokenFrames(bench.wire)]) {
      demandReset(await playOut(bench, frames, 'unfinished'), `a connection that closed after ${frames.length} tokens`);
    }
    if (!endsByConnection(bench.wire)) return;
    demandReset(await playOut(bench, answerFrames(bench.wire), 'unfinished'), 'a reply without its last chunk');
  }),
  onWire('EA-12c takes half an event for cut off', async (bench) => {
    const frames = tokenFrames(bench.wire);
    const half = frames.at(-1)!.slice(0, 12);
    demandCut(await playOut(bench, [...frames.slice(0, -1), half], 'whole'), 'half an event before the end');
  }),
  onWire('EA-13 takes an error for a failure, whatever follows it', async (bench) => {
    const { wire } = bench;
    const { trailer } = wire;
    if (trailer === undefined) return skip('nothing follows an error of this engine');
    const frames = [...tokenFrames(wire), wire.error(MESSAGE), trailer];
    demandFailure(await playOut(bench, frames, 'whole'), `an error before ${JSON.stringify(trailer)}`);
    demandFailure(await playOut(bench, [frames.join('')], 'whole'), 'an error in one piece with what follows');
  }),
  onWire('EA-14 takes an error in mid-stream for a failure and keeps its message', async (bench) => {
    const { wire } = bench;
    const frames = [...tokenFrames(wire), wire.error(MESSAGE)];
    const transcript = await playOut(bench, frames, 'whole');
    demandFailure(transcript, 'an error in mid-stream');
    demandMessage(transcript.error, MESSAGE);
    demand(transcript.text === TEXT, 'The tokens before an error must come out before it is thrown.', {
      actual: transcript.text,
      expected: TEXT,
    });
    const long = await playOut(bench, [wire.error('long '.repeat(4_000))], 'whole');
    demandFailure(long, 'an error with a long message');
    const kept = Math.max(String(long.error?.message).length, causeText(long.error).length);
    demand(kept <= MOST_MESSAGE_CHARS + 200, `${kept} characters of an error were kept; cut them at 2,000.`);
  }),
  onWire('EA-14b takes an end behind an error for no success', async (bench) => {
    const { wire } = bench;
    if (endsByConnection(wire)) return skip('the connection is the only end');
    const frames = [...tokenFrames(wire), wire.error(MESSAGE), ...endFrames(wire)];
    demandFailure(await playOut(bench, frames, 'whole'), 'an error that an end followed');
  }),
  onWire('EA-15 understands errors of older releases', async (bench) => {
    const { wire } = bench;
    if (!wire.oldError) return skip('the engine has no older form of an error');
    const transcript = await playOut(bench, [...tokenFrames(wire), wire.oldError(MESSAGE)], 'whole');
    demandFailure(transcript, 'an error in the older form');
    demand((transcript.error as { reason?: string }).reason !== 'stream_truncated', 'The older form was not read.');
  }),
  onWire('EA-16 takes an error as the first event of a good reply for a failure', async (bench) => {
    const { wire } = bench;
    const transcript = await playOut(bench, [wire.error(MESSAGE), wire.trailer ?? ''].filter(Boolean), 'whole');
    demandFailure(transcript, 'an error in the first event');
    demand(transcript.events.length === 0, 'Something was yielded before an error that came first.');
  }),
  onWire('EA-16b takes a plain body with a good status for a failure', async (bench) => {
    const connection = await bench.connectReady();
    for (const body of [{ error: { message: MESSAGE, code: 500 } }, '<html>a page</html>', '']) {
      const transcript = await bench.play(connection, { type: 'reply', reply: { body } });
      demandFailure(transcript, `a good status with the body ${JSON.stringify(body)}`);
    }
  }),
  onWire('EA-19 keeps the word for the end and maps it', async (bench) => {
    const { wire } = bench;
    const finishes = Object.entries(wire.finishes);
    if (finishes.length === 0) return skip('the engine tells no reason for an end');
    const connection = await bench.connectReady();
    for (const [engineFinish, finish] of [...finishes, ['kit_unknown', 'stop'] as const]) {
      const { error, ends } = await bench.stream(connection, answerFrames(wire, { finish: engineFinish }));
      demand(error === undefined, `An answer that ended with "${engineFinish}" failed: ${String(error)}.`);
      const actual = [ends[0]?.finish, ends[0]?.engineFinish];
      const isRight = actual[0] === finish && actual[1] === engineFinish;
      demand(isRight, `The end "${engineFinish}" is mapped wrongly.`, { actual, expected: [finish, engineFinish] });
    }
  }),
  onWire('EA-20c reports a reset in mid-stream at once, and works after it', async (bench) => {
    const connection = await bench.connectReady();
    const frames = tokenFrames(bench.wire);
    const elapsedMs = countMs();
    const transcript = await bench.play(connection, streamOf(bench.wire, frames, 'reset'));
    const tookMs = elapsedMs();
    demandReset(transcript, 'a connection that was reset in mid-stream');
    demand(tookMs <= RESET_MS, `A reset was reported after ${tookMs} ms; report it within ${RESET_MS} ms.`);
    demandText(await bench.stream(connection, answerFrames(bench.wire)), 'right after a reset');
  }),
  onWire('EA-36b delivers no token that arrived before the abort but was not taken', async (bench) => {
    const { wire } = bench;
    const connection = await bench.connectReady();
    const [first = '', ...rest] = tokenFrames(wire);
    let isTaken = (): void => undefined;
    const taken = new Promise<void>((resolve) => (isTaken = resolve));
    async function* pieces() {
      yield first;
      await taken;
      yield rest.join('');
    }
    bench.server.script = () => streamOf(wire, pieces(), 'open');
    const abort = new AbortController();
    const iterator = connection.generate(bench.request(), abort.signal)[Symbol.asyncIterator]();
    await bench.inTime(iterator.next(), 'The first token did not come.');
    isTaken();
    const sent = first.length + rest.join('').length;
    await eventually(() => bench.server.exchanges[0]!.sentBytes >= sent, bench.patienceMs);
    // The bytes cross the loopback and are parsed in the turns of this wait.
    await eventually(() => false, 20);
    abort.abort();
    const step = await bench.inTime(iterator.next(), 'generate ignores the abort.');
    demand(step.done === true, 'A token that waited was delivered after the abort; drop what waits.', {
      actual: step.value,
      expected: 'nothing',
    });
  }),
];

/** An error or an end of the connection; each on a connection of its own, so that no reused socket is in the way. */
async function playOut(bench: WireBench, frames: readonly string[], ending: Ending): Promise<Transcript> {
  return bench.play(await bench.connectReady(), streamOf(bench.wire, frames, ending));
}

export function demandFailure({ error, ends }: Transcript, what: string): void {
  demand(ends.length === 0, `${what} was reported as a good end; throw an EngineError.`, {
    actual: ends[0],
    expected: 'an EngineError',
  });
  demandEngineError(error, `for ${what}`);
}

/** Passes for the code `reset`. */
function demandReset(transcript: Transcript, what: string): void {
  demandFailure(transcript, what);
  const { code, reason } = transcript.error as { code?: unknown; reason?: unknown };
  demand(code === 'reset', `${what} must be reset.`, { actual: [code, reason], expected: 'reset' });
}

function demandCut(transcript: Transcript, what: string): void {
  demandReset(transcript, what);
  const { reason } = transcript.error as { reason?: unknown };
  demand(reason === 'stream_truncated', `${what} must have the reason stream_truncated.`, {
    actual: reason,
    expected: 'stream_truncated',
  });
}

/** Passes when the engine's words are in the message or its cause. */
export function demandMessage(error: Error | undefined, message: string): void {
  const isKept = `${error?.message} ${causeText(error)}`.includes(message);
  demand(isKept, "The engine's message is lost; keep it as the cause of the EngineError.", {
    actual: error?.message,
    expected: message,
  });
}

function causeText(error: Error | undefined): string {
  const cause = error?.cause;
  return cause instanceof Error ? cause.message : typeof cause === 'string' ? cause : '';
}
