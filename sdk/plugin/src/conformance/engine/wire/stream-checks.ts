import { demand } from '../../demand.js';
import { type Check, skip } from '../../kit.js';
import { type EngineBench } from '../engine-bench.js';
import { type Transcript } from '../transcript.js';
import { answerFrames, endFrames, streamOf, TEXT, tokenFrames, TOKENS } from './answers.js';
import { NDJSON_FORMS, piecesOf, SSE_FORMS, withUnknownFields } from './frame-forms.js';
import { type Pieces } from './scripted-server.js';
import { onWire, type WireBench } from './wire-bench.js';

const MOST_STREAMS = 16;

/** What comes out for what an engine of this kind sends. */
export const wireStreamChecks: readonly Check<EngineBench>[] = [
  onWire('EA-01 gives the text that the engine sent', async (bench) => {
    const connection = await bench.connectReady();
    demandText(await bench.stream(connection, answerFrames(bench.wire)), 'for a plain answer');
  }),
  onWire('EA-02b yields nothing that comes after the end', async (bench) => {
    const { wire } = bench;
    if (endFrames(wire).length === 0) return skip('nothing can follow: the connection is the only end');
    const connection = await bench.connectReady();
    const late = wire.token('late', { at: TOKENS.length, before: TEXT });
    const frames = [...answerFrames(wire), late, ...endFrames(wire)];
    for (const pieces of [[frames.join('')], frames]) {
      demandText(await bench.stream(connection, pieces), 'when a token and a second end follow the end');
    }
  }),
  onWire('EA-03b reads an answer that is cut in two at any byte', async (bench) => {
    const connection = await bench.connectReady();
    const bytes = Buffer.from(answerFrames(bench.wire).join(''));
    for (let cut = 1; cut < bytes.length; cut++) {
      const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
      demandText(await bench.stream(connection, pieces), `when the bytes are cut behind byte ${cut}`);
    }
  }),
  onWire('EA-03c reads an answer that comes byte by byte, or all at once', async (bench) => {
    const connection = await bench.connectReady();
    const bytes = Buffer.from(answerFrames(bench.wire).join(''));
    for (const size of [1, 2, 3, 7, bytes.length]) {
      demandText(await bench.stream(connection, piecesOf(bytes, size)), `when ${size} bytes come at a time`);
    }
  }),
  onWire('EA-04 reads every legal form of the frames', async (bench) => {
    const connection = await bench.connectReady();
    const forms = bench.wire.framing === 'ndjson' ? NDJSON_FORMS : SSE_FORMS;
    for (const [form, write] of Object.entries(forms)) {
      const bytes = Buffer.from(write(answerFrames(bench.wire)));
      demandText(await bench.stream(connection, [bytes]), `with ${form}`);
      demandText(await bench.stream(connection, piecesOf(bytes, 5)), `with ${form}, five bytes at a time`);
    }
  }),
  onWire('EA-05 ignores unknown fields and unknown events', async (bench) => {
    const { wire } = bench;
    const connection = await bench.connectReady();
    const frames = answerFrames(wire);
    demandText(await bench.stream(connection, frames.map(withUnknownFields)), 'with unknown fields');
    if (wire.framing === 'ndjson') return;
    const unknown = 'event: kit.unknown\ndata: {"kit":1}\n\n';
    demandText(await bench.stream(connection, [unknown, ...frames]), 'with an event of an unknown name');
  }),
  onWire('EA-06b makes no token of a role, an empty delta or progress', async (bench) => {
    const { wire } = bench;
    const connection = await bench.connectReady();
    const silent = wire.silent ?? [wire.token('', { at: 0, before: '' })];
    const [first = '', ...rest] = tokenFrames(wire);
    const frames = [...silent, first, ...silent, ...rest, ...endFrames(wire)];
    const transcript = await bench.stream(connection, frames);
    demandText(transcript, 'with frames that carry no text');
    demand(!transcript.tokens.some(({ text }) => text === ''), 'A token without text was yielded; leave it out.');
  }),
  onWire('EA-07 turns an answer that is sent whole each time into what is new', async (bench) => {
    const { wire } = bench;
    if (!wire.cumulative) return skip('the engine sends deltas only');
    const connection = await bench.connectReady();
    const wholes = TOKENS.map((_, at) => TOKENS.slice(0, at + 1).join(''));
    const frames = wholes.map((whole, at) => wire.cumulative!(whole, at));
    demandText(await bench.stream(connection, [...frames, ...endFrames(wire)]), 'for frames with the whole text');
    const twice = frames.flatMap((frame) => [frame, frame]);
    demandText(await bench.stream(connection, [...twice, ...endFrames(wire)]), 'when each frame comes twice');
  }),
  onWire('EA-08 leaves out a prompt that the engine repeats', async (bench) => {
    const { wire, prompt } = bench;
    if (!wire.echo) return skip('the engine does not repeat the prompt');
    const connection = await bench.connectReady();
    const text = prompt.type === 'text' ? prompt.text : (prompt.messages.at(-1)?.content ?? '');
    demandText(await bench.stream(connection, [wire.echo(text), ...answerFrames(wire)]), 'behind the prompt');
  }),
  onWire('EA-09 leaves special tokens out of the text', async (bench) => {
    const { wire } = bench;
    if (!wire.special) return skip('the engine sends no special tokens');
    const connection = await bench.connectReady();
    const frames = [...tokenFrames(wire), wire.special('</s>'), ...endFrames(wire)];
    demandText(await bench.stream(connection, frames), 'with a special token before the end');
  }),
  onWire('EA-10 refuses a line of more than a megabyte', async (bench) => {
    const { wire } = bench;
    const long = wire.token('x'.repeat(1024 * 1024 + 1), { at: 0, before: '' });
    await demandBadStream(bench, [tokenFrames(wire)[0]!, long], 'a line of more than 1 MiB');
    await demandBadStream(bench, endlessLine(), 'a line without an end');
  }),
  onWire('EA-10b refuses bytes that are no answer', async (bench) => {
    const prefix = bench.wire.framing === 'ndjson' ? '' : 'data: ';
    const end = bench.wire.framing === 'ndjson' ? '\n' : '\n\n';
    await demandBadStream(bench, [`${prefix}{"no": JSON${end}`], 'an event that is no JSON');
    const [token = ''] = tokenFrames(bench.wire, ['KIT']);
    const broken = Buffer.from(token.replaceAll('KIT', '\x01'));
    broken.set([0xff], broken.indexOf(1));
    await demandBadStream(bench, [broken], 'bytes that are no UTF-8');
  }),
  onWire('EA-11b keeps answers beside each other apart and in order', async (bench) => {
    const { wire } = bench;
    const connection = await bench.connectReady();
    const streams = Math.min(MOST_STREAMS, bench.description.slots);
    const tokensOf = (stream: number) => Array.from({ length: 24 }, (_, at) => ` s${stream}t${at}`);
    let calls = 0;
    bench.server.script = () => {
      const tokens = tokensOf(calls++);
      return streamOf(wire, piecesOf(Buffer.from(answerFrames(wire, { tokens }).join('')), 31));
    };
    const answers = Array.from({ length: streams }, () => bench.run(connection, bench.request()));
    const texts = (await Promise.all(answers)).map(textOf).sort();
    const expected = Array.from({ length: streams }, (_, stream) => tokensOf(stream).join('')).sort();
    const isEqual = texts.every((text, index) => text === expected[index]);
    demand(isEqual, 'Answers beside each other are mixed; share no state between two generations.', {
      actual: texts.find((text, index) => text !== expected[index]),
      expected: expected.find((text, index) => text !== texts[index]),
    });
  }),
];

/** Passes when the answer is the one that was sent, with one good end. */
export function demandText(transcript: Transcript, when: string, expected = TEXT): void {
  const { error, text, ends } = transcript;
  demand(error === undefined, `A good answer failed ${when}: ${String(error)}.`);
  demand(text === expected, `The text is not what the engine sent ${when}.`, { actual: text, expected });
  const isWhole = ends.length === 1 && transcript.events.at(-1)?.type === 'end';
  demand(isWhole, `There must be one end, the last of all, ${when}; there are ${ends.length}.`);
}

async function demandBadStream(bench: WireBench, pieces: Pieces, what: string) {
  const connection = await bench.connect();
  const calls = bench.server.exchanges.length + 1;
  const { error, tokens } = await bench.play(connection, streamOf(bench.wire, pieces, 'open'));
  demand(error !== undefined, `${what} was taken for an answer of ${tokens.length} tokens; throw adapter/bad_stream.`);
  const { code, reason } = error as { code?: unknown; reason?: unknown };
  demand(code === 'adapter' && reason === 'bad_stream', `${what} must be adapter with the reason bad_stream.`, {
    actual: [code, reason, error.message],
    expected: ['adapter', 'bad_stream'],
  });
  await bench.demandAbandoned(await bench.arrived(calls), `after ${what}`);
}

function* endlessLine(): Generator<string> {
  const kilobytes = 'x'.repeat(64 * 1024);
  yield 'data: {"';
  for (let written = 0; written <= 1024 * 1024; written += kilobytes.length) yield kilobytes;
}

function textOf({ text, error }: Transcript): string {
  return error === undefined ? text : String(error);
}
