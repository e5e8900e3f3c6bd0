import { type EngineEvent } from '@llama-orch/plugin-sdk';
import { AnswerReader, type ReadingPlan } from '../src/answer-reader.js';

const COUNTING = {
  text: 'text_output',
  finish: 'finish_reason',
  prompt_tokens: 'num_input_tokens',
  completion_tokens: 'num_output_tokens',
};

function readerOf(changes: Partial<ReadingPlan> = {}): AnswerReader {
  return new AnswerReader({
    outputs: { text: 'text_output' },
    stops: [],
    maxTokens: 8,
    memory: { form: 'auto', isGiven: false },
    echo: undefined,
    promptTokensGuess: 9,
    ...changes,
  });
}

/** What comes out of the events of a connection that ends in an orderly way. */
function read(events: readonly object[], changes: Partial<ReadingPlan> = {}, isCut = false): EngineEvent[] {
  const reader = readerOf(changes);
  const into: EngineEvent[] = [];
  for (const event of events) reader.read(JSON.stringify(event), 'data', into);
  if (!reader.ended) reader.close(into, isCut);
  return into;
}

const shown = (events: readonly EngineEvent[]): string =>
  events.map((event) => (event.type === 'token' ? event.text : '')).join('');
const answer = (text_output: unknown, more: object = {}): object => ({ model_name: 'm', text_output, ...more });

describe('reader of Triton', () => {
  it('takes the orderly end of the connection for the end, and counts as it can (ORCH-3057)', () => {
    expect(read([answer('one'), answer(' two')])).toEqual([
      { type: 'token', text: 'one' },
      { type: 'token', text: ' two' },
      {
        type: 'end',
        finish: 'stop',
        engineFinish: 'closed',
        usage: { promptTokens: 9, completionTokens: 2, exact: false },
      },
    ]);
  });

  it('says length when its own count reached the limit (ORCH-3057)', () => {
    expect(read([answer('one'), answer(' two')], { maxTokens: 2 }).at(-1)).toMatchObject({ finish: 'length' });
  });

  it.each([
    ['inside an event', [answer('one')], true],
    ['without an answer', [], false],
  ])('has no end for a connection that ended %s (ORCH-3057)', (_, events, isCut) => {
    expect(read(events, {}, isCut).some(({ type }) => type === 'end')).toBe(false);
  });

  it('has no end before the reason, where the model tells one (ORCH-3057)', () => {
    const events = [answer('one', { finish_reason: 'None' })];
    expect(read(events, { outputs: COUNTING }).some(({ type }) => type === 'end')).toBe(false);
  });

  it('ends with the reason, and adds up what each event counts (ORCH-3057)', () => {
    const events = [
      answer('one', { finish_reason: 'None', num_input_tokens: 4, num_output_tokens: 1 }),
      answer(' 🦙', { finish_reason: 'None', num_input_tokens: 4, num_output_tokens: 3 }),
      answer('', { finish_reason: 'length', num_input_tokens: 4, num_output_tokens: 1 }),
      answer('late', { finish_reason: 'None' }),
    ];
    expect(read(events, { outputs: COUNTING })).toEqual([
      { type: 'token', text: 'one' },
      { type: 'token', text: ' 🦙', tokens: 3 },
      {
        type: 'end',
        finish: 'length',
        engineFinish: 'length',
        usage: { promptTokens: 4, completionTokens: 5, exact: true },
      },
    ]);
  });

  it('takes the first of several outputs (ORCH-3057)', () => {
    expect(shown(read([answer(['one', 'other']), answer([' two', ''])]))).toBe('one two');
  });

  it('leaves out the word that TensorRT-LLM stops at, and what follows (OC-ADAPT-5010)', () => {
    const reader = readerOf({ stops: [' END'] });
    const into: EngineEvent[] = [];
    for (const text of ['one', ' E', 'ND', ' more']) reader.read(JSON.stringify(answer(text)), 'data', into);
    expect(shown(into)).toBe('one');
    expect(into.at(-1)).toMatchObject({ finish: 'stop', usage: { exact: false } });
    expect(reader.leaves).toBe(true);
  });

  it('takes the whole answers of a model apart (ORCH-3057)', () => {
    const events = ['one', 'one two', 'one two three', 'one two three'].map((text) => answer(text));
    const result = read(events);
    expect(shown(result)).toBe('one two three');
    expect(result.at(-1)).toMatchObject({ usage: { completionTokens: 3 } });
  });

  it.each(['abort', 'error', 'cancelled', 'timeout'])('takes %s for a failure (ORCH-3057)', (finish_reason) => {
    expect(() => read([answer('one', { finish_reason })], { outputs: COUNTING })).toThrow(
      expect.objectContaining({ code: 'reset', reason: 'engine_fault' }),
    );
  });

  it.each<[string, object, string, string]>([
    ['an error', { error: 'odd' }, 'internal', 'http_500'],
    [
      'a prompt of TensorRT-LLM',
      { error: 'Prompt length (600) exceeds maximum input length (512). Set' },
      'invalid-input',
      'context_overflow',
    ],
    [
      'a prompt of vLLM',
      { error: 'The decoder prompt (length 600) is longer than the maximum model length of 512.' },
      'invalid-input',
      'context_overflow',
    ],
    ['a full GPU', { error: 'CUDA out of memory' }, 'out-of-memory', 'alloc'],
    ['a model that is gone', { error: "Request for unknown model: 'm' is not found" }, 'unavailable', 'model_missing'],
    ['an event without a text', { model_name: 'm' }, 'adapter', 'bad_stream'],
    ['an event that is no object', [1], 'adapter', 'bad_stream'],
  ])('maps %s (ORCH-3057)', (_, event, code, reason) => {
    expect(() => read([event])).toThrow(expect.objectContaining({ code, reason }));
  });
});
