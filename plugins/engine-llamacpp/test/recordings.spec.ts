import { MetricsText, readErrorBody } from '@llama-orch/plugin-sdk/http';
import { CompletionReader } from '../src/completion-reader.js';
import { refusal } from '../src/errors.js';
import { readFacts } from '../src/facts.js';
import { gaugesOf, type SlotView } from '../src/metrics.js';
import { eventsOf, outcomeOf, recording } from './support/recording.js';

describe('recorded streams of llama-server', () => {
  it.each([
    ['completion-stream', ' three four five six', 'length', 'limit', 4],
    ['completion-stream-eos', '', 'stop', 'eos', 1],
    ['completion-stream-stopword', ' two three', 'stop', 'word', 3],
    ['completion-stream-emoji', '🦙 ', 'length', 'limit', 6],
    ['completion-progress', ' five six', 'length', 'limit', 2],
    ['completion-nprobs', ' worker took', 'length', 'limit', 2],
  ])(
    'gives the same events of %s wherever the bytes are cut (OC-ADAPT-5001)',
    (name, text, finish, engineFinish, count) => {
      const { body } = recording(name);
      const whole = eventsOf(body);
      expect(whole.map((event) => (event.type === 'token' ? event.text : '')).join('')).toBe(text);
      expect(whole.at(-1)).toMatchObject({
        type: 'end',
        finish,
        engineFinish,
        usage: { completionTokens: count, exact: true },
      });
      for (let cut = 1; cut < body.length; cut += 1) {
        expect(eventsOf(body.subarray(0, cut), body.subarray(cut))).toEqual(whole);
      }
      expect(eventsOf(...[...body].map((byte) => Buffer.of(byte)))).toEqual(whole);
    },
  );

  it('counts a character that is made of four tokens as four (OC-ADAPT-5001)', () => {
    expect(eventsOf(recording('completion-stream-emoji').body).slice(0, 2)).toEqual([
      { type: 'token', text: '🦙', tokens: 4 },
      { type: 'token', text: ' ' },
    ]);
  });

  it('reports cached prompt tokens (OC-ADAPT-5001)', () => {
    expect(eventsOf(recording('completion-stream').body).at(-1)).toMatchObject({
      usage: { promptTokens: 3, cachedTokens: 2 },
    });
  });

  it('reports the times of the engine (OC-ADAPT-5001)', () => {
    expect(eventsOf(recording('completion-stream').body).at(-1)).toMatchObject({
      timings: { promptMs: 0.154, decodeMs: 0.384 },
    });
  });

  it.each([
    ['err-midstream-shared-kv-full', 'out-of-memory', 'kv_full', ' ten one'],
    ['killed-midstream-sigterm', 'none', '', ' nine'],
  ])('reads %s alike wherever the bytes are cut: no end (ORCH-3054)', (name, code, reason, text) => {
    const { body } = recording(name);
    const whole = outcomeOf(body);
    expect(whole).toEqual({ text, code, reason });
    for (let cut = 1; cut < body.length; cut += 1) {
      expect(outcomeOf(body.subarray(0, cut), body.subarray(cut))).toEqual(whole);
    }
  });

  it('yields nothing after the end and no empty token (OC-ADAPT-5001)', () => {
    const { body } = recording('completion-stream-eos');
    expect(eventsOf(body, body)).toHaveLength(1);
  });
});

describe('recorded refusals of llama-server', () => {
  it.each([
    ['err-ctx-stream', 'invalid-input', 'context_overflow'],
    ['err-bad-json', 'adapter', 'bad_request'],
    ['err-404', 'adapter', 'bad_request'],
    ['grammar-bad', 'invalid-input', 'not_supported'],
    ['err-bad-type', 'invalid-input', 'refused'],
    ['err-bad-role', 'adapter', 'bad_request'],
    ['err-no-prompt', 'invalid-input', 'refused'],
    ['err-method', 'adapter', 'bad_request'],
    ['replies/err-ctx-json', 'invalid-input', 'context_overflow'],
    ['replies/v1-embeddings-unsupported', 'invalid-input', 'not_supported'],
  ])('maps %s (ORCH-3054)', (name, code, reason) => {
    const { status, body } = recording(name);
    const error = refusal({ status, headers: {}, text: String(body) }, readErrorBody(String(body)));
    expect([error.code, error.reason]).toEqual([code, reason]);
  });

  it('names both numbers of a prompt that is too long (ORCH-3054)', () => {
    const { status, body } = recording('err-ctx-stream');
    const error = refusal({ status, headers: {}, text: String(body) }, readErrorBody(String(body)));
    expect(error.message).toMatch(/701.*512/);
  });
});

describe('recorded facts of llama-server', () => {
  it('give version, slots, context and identity, and keep the path of the weights (OC-ADAPT-5011)', () => {
    const [props, models] = ['replies/props', 'replies/models'].map((name) => JSON.parse(String(recording(name).body)));
    expect(readFacts(props, models)).toEqual({
      version: 'b1-de3ff81',
      slots: 4,
      contextTokens: 512,
      quant: 'F16',
      modelDigest: 'llamacpp:tiny.gguf:943680:1890560:F16',
      modelNames: ['tiny.gguf'],
      isSleeping: false,
      hasSlotsRoute: true,
    });
  });

  it('give the gauges of an idle server (ORCH-3054)', () => {
    const slots = JSON.parse(String(recording('replies/slots-idle').body)) as readonly SlotView[];
    const gauges = gaugesOf(new MetricsText(String(recording('replies/metrics').body)), slots);
    expect(gauges).toEqual({ running: 0, waiting: 0, kvShare: 0, promptTokens: 0, generatedTokens: 0 });
  });
});

describe('older forms', () => {
  it('tell an end in a word that no known release has, once per answer (ORCH-3054)', () => {
    const words: string[] = [];
    const reader = new CompletionReader((word) => words.push(word));
    reader.read('{"content":"","stop":true,"stop_type":"something new"}', 'data', []);
    expect(words).toEqual(['something new']);
  });

  it.each([
    [{ stopped_limit: true }, 'length', 'limit'],
    [{ stopped_word: true }, 'stop', 'word'],
    [{ stopped_eos: true }, 'stop', 'eos'],
    [{}, 'stop', 'none'],
    [{ stop_type: 'something new' }, 'stop', 'something new'],
  ])('reads %j as an end (ORCH-3054)', (flags, finish, engineFinish) => {
    const payload = { content: '', stop: true, tokens_predicted: 2, tokens_evaluated: 1, padding: 'x', ...flags };
    expect(eventsOf(Buffer.from(`data: ${JSON.stringify(payload)}\n\n`))).toMatchObject([{ finish, engineFinish }]);
  });

  it('marks counts that the engine did not give as its own (OC-ADAPT-5001)', () => {
    const stream = 'data: {"content":"a"}\n\ndata: {"content":"b"}\n\ndata: {"content":"","stop":true}\n\n';
    expect(eventsOf(Buffer.from(stream)).at(-1)).toMatchObject({ usage: { completionTokens: 2, exact: false } });
  });
});
