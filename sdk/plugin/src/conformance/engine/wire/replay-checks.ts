import { type EngineConnection, type EngineEvent } from '../../../contracts/engine.js';
import { demand, eventually } from '../../demand.js';
import { type Check, skip } from '../../kit.js';
import { type EngineBench } from '../engine-bench.js';
import { type Transcript } from '../transcript.js';
import { demandFailure } from './end-checks.js';
import { piecesOf } from './frame-forms.js';
import { type Recording } from './recordings.js';
import { type Pieces, type Script } from './scripted-server.js';
import { onWire, type WireBench } from './wire-bench.js';

/** With each first border from 1 to this, every byte is a border once. */
const PIECE_BYTES = 61;
const NONE = 'there are no recordings of this engine';

/** Recorded answers of a real engine, in every form in which the network may bring them. */
export const wireReplayChecks: readonly Check<EngineBench>[] = [
  onWire('EA-03d replays each recording alike, whatever byte the pieces are cut at', async (bench) => {
    await eachStream(bench, async (recording, connection) => {
      const whole = await replay(bench, connection, recording, [recording.body]);
      const isRead = (whole.error as { code?: unknown } | undefined)?.code !== 'adapter';
      demand(isRead, `The recording ${recording.name} was not understood: ${String(whole.error)}.`);
      const isSound = !/[\p{Surrogate}\uFFFD]/u.test(whole.text);
      demand(isSound, `The recording ${recording.name} gave half a character.`);
      for (let first = 1; first <= PIECE_BYTES; first++) {
        const pieces = piecesOf(recording.body, PIECE_BYTES, first);
        demandSame(await replay(bench, connection, recording, pieces), whole, recording, `cut at ${first} + 61 n`);
      }
      const bytes = piecesOf(recording.body, 1);
      demandSame(await replay(bench, connection, recording, bytes), whole, recording, 'byte by byte');
    });
  }),
  onWire('EA-03e replays each recording alike with a pause inside', async (bench) => {
    await eachStream(bench, async (recording, connection) => {
      const whole = await replay(bench, connection, recording, [recording.body]);
      for (const share of [0.1, 0.5, 0.99]) {
        const cut = Math.floor(recording.body.length * share);
        const paused = withPause(recording.body, cut);
        demandSame(await replay(bench, connection, recording, paused), whole, recording, `a pause at byte ${cut}`);
      }
    });
  }),
  onWire('EA-12d takes a recording that is cut anywhere for cut off', async (bench) => {
    await eachStream(bench, async (recording, connection) => {
      const { name, body, contentType } = recording;
      const whole = await replay(bench, connection, recording, [body]);
      for (const share of [0, 0.2, 0.4, 0.6, 0.8]) {
        const pieces = [body.subarray(0, Math.floor(body.length * share))];
        for (const ending of ['whole', 'unfinished', 'reset'] as const) {
          const transcript = await bench.play(connection, { type: 'stream', pieces, ending, contentType });
          // Behind its marker an answer is complete, whatever is missing.
          const isComplete = share > 0 && transcript.ends.length === 1 && transcript.text === whole.text;
          if (!isComplete) demandFailure(transcript, `the recording ${name}, ended (${ending}) at ${100 * share} %`);
        }
      }
    });
  }),
  onWire('EA-22c takes each recorded refusal for a failure', async (bench) => {
    const refusals = (bench.wire.recordings ?? []).filter(({ status }) => status !== 200);
    if (refusals.length === 0) return skip('there are no recorded refusals of this engine');
    const connection = await bench.connectReady();
    for (const { name, status, body, contentType } of refusals) {
      const reply = { status, body: body.toString(), headers: { 'content-type': contentType } };
      demandFailure(await bench.play(connection, { type: 'reply', reply }), `the recording ${name}`);
    }
  }),
];

async function eachStream(
  bench: WireBench,
  examine: (recording: Recording, connection: EngineConnection) => Promise<void>,
): Promise<{ readonly skipped: string } | void> {
  const streams = (bench.wire.recordings ?? []).filter(isStream);
  if (streams.length === 0) return skip(NONE);
  const connection = await bench.connectReady();
  for (const recording of streams) await examine(recording, connection);
}

function isStream({ status, contentType }: Recording): boolean {
  return status === 200 && !contentType.startsWith('application/json');
}

function replay(
  bench: WireBench,
  connection: EngineConnection,
  { contentType }: Recording,
  pieces: Pieces,
): Promise<Transcript> {
  const script: Script = { type: 'stream', pieces, ending: 'whole', contentType };
  return bench.play(connection, script);
}

function demandSame(actual: Transcript, whole: Transcript, { name }: Recording, how: string): void {
  const [seen, expected] = [actual, whole].map(({ events, error }) => show(events, error));
  demand(seen === expected, `The recording ${name} gives other events: ${how}.`, { actual: seen, expected });
}

function show(events: readonly EngineEvent[], error: Error | undefined): string {
  return JSON.stringify(error === undefined ? events : [...events, String(error)]);
}

async function* withPause(body: Buffer, cut: number): AsyncGenerator<Buffer> {
  yield body.subarray(0, cut);
  await eventually(() => false, 10);
  yield body.subarray(cut);
}
