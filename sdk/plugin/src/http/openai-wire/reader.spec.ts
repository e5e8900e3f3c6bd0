import { type EngineEvent } from '../../contracts/engine.js';
import { isEngineError } from '../../contracts/engine-error.js';
import { OpenAiReader } from './reader.js';

const chunk = (text: string, more: object = {}, usage?: object): string =>
  JSON.stringify({ choices: [{ index: 0, delta: { content: text }, finish_reason: null, ...more }], usage });
const counted = (completion_tokens: number): object => ({ prompt_tokens: 5, completion_tokens });

/** Everything that comes out, with the word for a failure last. */
function read(payloads: readonly string[], isClosed = true): readonly unknown[] {
  const reader = new OpenAiReader({ promptTokensGuess: 9 });
  const events: EngineEvent[] = [];
  try {
    for (const payload of payloads) reader.read(payload, 'data', events);
    if (isClosed) reader.close(events);
  } catch (error) {
    return [...events, isEngineError(error) ? `${error.code}/${error.reason}` : error];
  }
  return events;
}

const STOP = chunk('', { finish_reason: 'stop' });
const END = { type: 'end', finish: 'stop', engineFinish: 'stop' };

describe('OpenAiReader', () => {
  it.each<[string, readonly string[], readonly unknown[]]>([
    ['nothing for a stream without a finish', [chunk('a')], [{ type: 'token', text: 'a' }]],
    [
      'a cut for [DONE] without a finish',
      [chunk('a'), '[DONE]'],
      [{ type: 'token', text: 'a' }, 'reset/stream_truncated'],
    ],
    [
      'an estimate where no usage comes',
      [STOP, '[DONE]'],
      [{ ...END, usage: { promptTokens: 9, completionTokens: 0, exact: false } }],
    ],
    [
      'the usage behind the finish',
      [chunk('a'), STOP, JSON.stringify({ choices: [], usage: counted(4) })],
      [
        { type: 'token', text: 'a' },
        { ...END, usage: { promptTokens: 5, completionTokens: 4, exact: true } },
      ],
    ],
    [
      'tokens by the count in each chunk',
      [chunk('a', {}, counted(1)), chunk('bcd', {}, counted(4))],
      [
        { type: 'token', text: 'a' },
        { type: 'token', text: 'bcd', tokens: 3 },
      ],
    ],
    ['nothing of a second choice', [chunk('b', { index: 1 })], []],
    ['nothing for empty text and null', [chunk(''), '{"choices":[{"delta":{"content":null}}]}', '{"choices":[]}'], []],
    ['a failure behind a finish', [STOP, '{"error":{"message":"m","type":"t","code":500}}'], ['internal/t_500']],
    ['a failure in the flat form', ['{"object":"error","message":"m","code":400}'], ['invalid-input/refused']],
    ['a failure as text', ['{"error":"m"}'], ['internal/http_500']],
    ['no failure for an error of null', ['{"error":null,"choices":[]}'], []],
    ['a fault that the engine tells as its finish', [chunk('', { finish_reason: 'error' })], ['reset/engine_fault']],
    ['an event of another shape', ['{"a":1}'], ['adapter/bad_stream']],
    ['no object', ['7'], ['adapter/bad_stream']],
    ['no JSON', ['{"a"'], ['adapter/bad_stream']],
  ])('reads %s (ORCH-4507)', (_, payloads, expected) => {
    expect(read(payloads)).toEqual(expected);
  });

  it('reads nothing after the end (ORCH-3026)', () => {
    expect(read([STOP, '[DONE]', chunk('late'), STOP, '[DONE]', 'nonsense'])).toHaveLength(1);
  });

  it('does not end before the connection or [DONE] where usage may still come (ORCH-3026)', () => {
    expect(read([STOP], false)).toEqual([]);
  });
});
