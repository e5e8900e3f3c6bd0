import { readFileSync } from 'node:fs';
import { parseRecording, readRecordings } from '@llama-orch/plugin-sdk/conformance';
import {
  type FakeLlamaServer,
  startFakeLlamaServer,
} from '../../../test/support/fake-llama-server/fake-llama-server.js';

const FOLDERS = ['recordings/', 'recordings/replies/'].map((folder) => new URL(`./${folder}`, import.meta.url));
/** Asked for by no adapter, or cut out of a longer exchange. */
const LEFT_OUT = /nprobs|progress|bad-role|midstream/;

const recordings = FOLDERS.flatMap((folder) =>
  readRecordings(folder)
    .filter(({ name }) => !LEFT_OUT.test(name))
    .map(({ name }) => [name, readFileSync(new URL(`${name}.txt`, folder), 'utf8')] as const),
);

describe('the fake llama-server against what the real one sent', () => {
  let fake: FakeLlamaServer;
  beforeEach(async () => void (fake = await startFakeLlamaServer({ slots: 4, contextTokens: 512 })));
  afterEach(() => fake.close());

  it('is compared with every kind of exchange', () => {
    expect(recordings.length).toBeGreaterThanOrEqual(20);
  });

  it.each(recordings)('answers %s in the same shape (ORCH-4507)', async (name, file) => {
    const recorded = parseRecording(name, file);
    const { path, body } = requestOf(file);
    const sent = body === undefined ? {} : { method: 'POST', body };
    const reply = await fetch(fake.url + path, sent);
    expect([reply.status, reply.headers.get('content-type')]).toEqual([recorded.status, recorded.contentType]);
    expect(shapesOf(await reply.text(), recorded.contentType)).toEqual(
      shapesOf(recorded.body.toString(), recorded.contentType),
    );
  });
});

/** What the line about the request says, with repeated words written out. */
function requestOf(file: string): { readonly path: string; readonly body?: string } {
  const [, path = '', body] = /^# request: curl .*?BASE(\S+)(?: -d (.*))?$/m.exec(file) ?? [];
  const written = body?.replace(/( \w+)\(x(\d+)\)/, (_, word: string, times: string) => word.repeat(Number(times)));
  return written === undefined ? { path } : { path, body: written };
}

/** Each part of an answer with its types; what a stream says is compared too. */
function shapesOf(text: string, contentType: string): unknown {
  if (contentType.startsWith('text/plain')) return seriesOf(text);
  if (!contentType.startsWith('text/event-stream')) return shapeOf(JSON.parse(text));
  const events = text.split('\n').filter((line) => line !== '');
  return events.map((line) => {
    const event = JSON.parse(line.replace(/^data: /, '')) as Record<string, unknown>;
    // The prompt is left out: the recorded model has a few words more in its vocabulary.
    const { content, tokens, stop, stop_type, stopping_word, tokens_predicted, truncated } = event;
    const said = { content, tokens, stop, stop_type, stopping_word, tokens_predicted, truncated };
    return { said, shape: shapeOf(event) };
  });
}

/** The series that the adapter reads. */
function seriesOf(text: string): readonly string[] {
  const wanted =
    /^llamacpp:(prompt_tokens_total|prompt_tokens_cached_total|tokens_predicted_total|requests_\w+)(?= )/gm;
  return [...text.matchAll(wanted)].map(([name]) => name).sort();
}

function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)]));
}
