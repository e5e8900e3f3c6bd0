import { type EngineEvent } from '@llama-orch/plugin-sdk';
import { AnswerReader } from '../src/answer-reader.js';

interface Token {
  readonly text: string;
  readonly special?: boolean;
}

const DETAILS = { finish_reason: 'eos_token', generated_tokens: 3, seed: 42, input_length: 5 };

/** The events of the contract for the tokens of a stream; the last one carries `end`. */
function read(tokens: readonly Token[], end: object, stops: readonly string[] = []): EngineEvent[] {
  const reader = new AnswerReader({ stops, promptTokensGuess: 9 });
  const events: EngineEvent[] = [];
  tokens.forEach(({ text, special = false }, at) => {
    const last = at === tokens.length - 1 ? end : { generated_text: null, details: null };
    const token = { id: at, text, logprob: -0.1, special };
    reader.read(JSON.stringify({ index: at + 1, token, ...last }), 'data', events);
  });
  return events;
}

const shown = (events: readonly EngineEvent[]): string =>
  events.map((event) => (event.type === 'token' ? event.text : '')).join('');

describe('reader of /generate_stream', () => {
  it('ends with the event that has generated_text, and takes its counts (ORCH-3056)', () => {
    const tokens = [{ text: 'one' }, { text: ' two' }, { text: '</s>', special: true }];
    expect(read(tokens, { generated_text: 'one two', details: DETAILS })).toEqual([
      { type: 'token', text: 'one' },
      { type: 'token', text: ' two' },
      {
        type: 'end',
        finish: 'stop',
        engineFinish: 'eos_token',
        usage: { promptTokens: 5, completionTokens: 3, exact: true },
      },
    ]);
  });

  it.each([
    ['length', 'length'],
    ['eos_token', 'stop'],
    ['stop_sequence', 'stop'],
    ['something_new', 'stop'],
  ])('takes the finish %s for %s (ORCH-3056)', (finish_reason, finish) => {
    const end = { generated_text: 'one', details: { ...DETAILS, finish_reason } };
    expect(read([{ text: 'one' }], end).at(-1)).toMatchObject({ finish, engineFinish: finish_reason });
  });

  it('tells counts of its own as such when the details are missing (ORCH-3056)', () => {
    const tokens = [{ text: 'one' }, { text: ' two' }];
    expect(read(tokens, { generated_text: 'one two', details: null }).at(-1)).toMatchObject({
      engineFinish: 'none',
      usage: { promptTokens: 9, completionTokens: 2, exact: false },
    });
  });

  it('adds the tokens of a character that comes in parts to the text that shows it (OC-ADAPT-5010)', () => {
    const tokens = [{ text: '' }, { text: '' }, { text: '' }, { text: '🦙' }, { text: ' ' }];
    const events = read(tokens, { generated_text: '🦙 ', details: DETAILS });
    expect(events.slice(0, 2)).toEqual([
      { type: 'token', text: '🦙', tokens: 4 },
      { type: 'token', text: ' ' },
    ]);
  });

  it('leaves out a stop string, which the server sends as a part of the answer (OC-ADAPT-5010)', () => {
    const tokens = [{ text: 'one' }, { text: ' EN' }, { text: 'D' }];
    const end = { generated_text: 'one END', details: { ...DETAILS, finish_reason: 'stop_sequence' } };
    const events = read(tokens, end, [' END']);
    expect(shown(events)).toBe('one');
    expect(events.at(-1)).toMatchObject({ finish: 'stop', engineFinish: 'stop_sequence', usage: { exact: true } });
  });

  it('shows what only began like a stop string (OC-ADAPT-5010)', () => {
    const end = { generated_text: 'one EN', details: DETAILS };
    expect(shown(read([{ text: 'one' }, { text: ' EN' }], end, [' END']))).toBe('one EN');
  });

  it('says stop when the limit and a stop string come together (OC-ADAPT-5010)', () => {
    const end = { generated_text: 'one.', details: { ...DETAILS, finish_reason: 'length' } };
    expect(read([{ text: 'one.' }], end, ['.']).at(-1)).toMatchObject({ finish: 'stop', engineFinish: 'length' });
  });

  it('ends by itself at a stop string inside a token, which the server goes past (OC-ADAPT-5010)', () => {
    const reader = new AnswerReader({ stops: ['.'], promptTokensGuess: 9 });
    const events: EngineEvent[] = [];
    reader.read('{"token":{"text":"a. b","special":false},"generated_text":null}', 'data', events);
    expect(events).toEqual([
      { type: 'token', text: 'a' },
      {
        type: 'end',
        finish: 'stop',
        engineFinish: 'stop_sequence',
        usage: { promptTokens: 9, completionTokens: 1, exact: false },
      },
    ]);
    expect([reader.ended, reader.leaves]).toEqual([true, true]);
  });

  it('yields nothing behind the end (ORCH-3056)', () => {
    const reader = new AnswerReader({ stops: [], promptTokensGuess: 9 });
    const events: EngineEvent[] = [];
    const last = JSON.stringify({ token: { text: 'a', special: false }, generated_text: 'a', details: DETAILS });
    reader.read(last, 'data', events);
    reader.read(last, 'data', events);
    expect(events).toHaveLength(2);
  });

  it.each<[string, object, string, string]>([
    ['an overload', { error: 'Model is overloaded', error_type: 'overloaded' }, 'unavailable', 'overloaded'],
    [
      'a validation',
      { error: '`temperature` must be strictly positive', error_type: 'validation' },
      'invalid-input',
      'refused',
    ],
    ['a grammar', { error: 'grammar is not supported', error_type: 'validation' }, 'invalid-input', 'not_supported'],
    ['a template', { error: 'Template error: x', error_type: 'template_error' }, 'invalid-input', 'refused'],
    ['a generation', { error: 'Request failed', error_type: 'generation' }, 'internal', 'generation_500'],
    ['a full GPU', { error: 'CUDA out of memory', error_type: 'generation' }, 'out-of-memory', 'alloc'],
    [
      'an answer given up',
      { error: 'Incomplete generation stream', error_type: 'incomplete_generation_stream' },
      'reset',
      'engine_fault',
    ],
    ['an unknown failure', { error: 'odd' }, 'internal', 'http_500'],
    ['an event without a token', { index: 1 }, 'adapter', 'bad_stream'],
    ['an event that is no object', [7], 'adapter', 'bad_stream'],
  ])('maps %s (ORCH-3056)', (_, event, code, reason) => {
    const reader = new AnswerReader({ stops: [], promptTokensGuess: 1 });
    expect(() => reader.read(JSON.stringify(event), 'data', [])).toThrow(expect.objectContaining({ code, reason }));
  });

  it('tells a prompt that is too long with both numbers (ORCH-3056)', () => {
    const reader = new AnswerReader({ stops: [], promptTokensGuess: 1 });
    const error = 'Input validation error: `inputs` must have less than 500 tokens. Given: 612';
    expect(() => reader.read(JSON.stringify({ error, error_type: 'validation' }), 'data', [])).toThrow(
      expect.objectContaining({ reason: 'context_overflow', message: expect.stringMatching(/612.*500/) }),
    );
  });
});
