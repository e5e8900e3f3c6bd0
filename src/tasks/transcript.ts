import { type JsonObject } from '../artifacts/artifact.js';
import { mapInTurns } from '../artifacts/in-turns.js';
import { scrubbed } from '../artifacts/scrub.js';
import { type Redactor } from '../observability/redactor.js';

/** One frame of a log, parsed. */
export interface LoggedFrame {
  readonly seq: number;
  readonly type: string;
  readonly data: JsonObject;
}

/** What is kept of a task's frames. */
export interface Transcript {
  readonly events: readonly Pick<LoggedFrame, 'type' | 'data'>[];
  /** Frames are missing at the beginning. */
  readonly truncated: boolean;
  /** Secrets were taken out of its tokens. */
  readonly redacted: boolean;
}

/** How JSON writes half of a surrogate pair. */
const HALF = /\\ud[89a-f]/i;
const TOKEN = 'token';
const FRAME = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/;

/** The frames in a stretch of a log. */
async function framesIn(text: string): Promise<LoggedFrame[]> {
  const frames = await mapInTurns(text.split('\n\n'), frameOf);
  return frames.filter((frame) => frame !== undefined);
}

function frameOf(text: string): LoggedFrame | undefined {
  const [, seq, type, json] = FRAME.exec(text) ?? [];
  return json === undefined ? undefined : { seq: Number(seq), type: type!, data: dataOf(json) };
}

/** An engine may cut a character in two; JSON can carry the halves, an artifact cannot. */
function dataOf(json: string): JsonObject {
  if (!HALF.test(json)) return JSON.parse(json) as JsonObject;
  const whole = (_: string, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value);
  return JSON.parse(json, whole) as JsonObject;
}

/** @param text frames, the terminal one last @param mostBytes the newest frames that fit are kept */
export async function transcriptOf(text: string, mostBytes: number, redactor: Redactor): Promise<Transcript> {
  const from = text.length > mostBytes ? text.indexOf('\n\nid: ', text.length - mostBytes) + 2 : 0;
  const frames = await framesIn(from === 0 ? text : text.slice(from));
  const clean = othersWithoutSecrets(tokensWithoutSecrets(frames, redactor), redactor);
  return {
    events: clean.map(({ type, data }) => ({ type, data })),
    truncated: frames[0]?.seq !== 1,
    redacted: clean !== frames,
  };
}

/** A secret can be spread over tokens, so their texts are looked at as one, the reasoning apart from the output. */
function tokensWithoutSecrets(frames: LoggedFrame[], redactor: Redactor): LoggedFrame[] {
  return [true, false].reduce((cleaned, reasoning) => {
    const isMeant = ({ type, data }: LoggedFrame) => type === TOKEN && (data['reasoning'] === true) === reasoning;
    return textsWithoutSecrets(cleaned, isMeant, redactor);
  }, frames);
}

function othersWithoutSecrets(frames: LoggedFrame[], redactor: Redactor): LoggedFrame[] {
  let isChanged = false;
  const clean = frames.map((frame) => {
    const data = frame.type === TOKEN ? frame.data : scrubbed(frame.data, redactor);
    isChanged ||= data !== frame.data;
    return data === frame.data ? frame : { ...frame, data };
  });
  return isChanged ? clean : frames;
}

function textsWithoutSecrets(
  frames: LoggedFrame[],
  isMeant: (frame: LoggedFrame) => boolean,
  redactor: Redactor,
): LoggedFrame[] {
  const tokens = frames.filter(isMeant);
  const said = tokens.map(textOf).join('');
  if (redactor.content(said) === said) return frames;
  const clean = cleanTexts(tokens.map(textOf), redactor)[Symbol.iterator]();
  return frames.map((frame) =>
    isMeant(frame) ? { ...frame, data: { ...frame.data, t: clean.next().value as string } } : frame,
  );
}

/** Each text may come a little later than it was said; put together they are what was said without secrets. */
function cleanTexts(texts: readonly string[], redactor: Redactor): string[] {
  const stream = redactor.stream('text');
  const decoder = new TextDecoder();
  const clean = texts.map((text) => decoder.decode(stream.push(Buffer.from(text)), { stream: true }));
  clean[clean.length - 1] += decoder.decode(stream.end());
  return clean;
}

function textOf({ data }: LoggedFrame): string {
  const { t } = data;
  return typeof t === 'string' ? t : '';
}
