import { GREEDY, type Sampling } from '@llama-orch/plugin-sdk';
import { generateBody } from '../src/generate-body.js';
import { request, text } from './support/fixture.js';

const FITTED = { inputs: 'hello', maxTokens: 7, maxStops: 2 };
const SAMPLED: Sampling = {
  ...GREEDY,
  temperature: 0.7,
  topP: 0.9,
  topK: 40,
  repeatPenalty: 1.1,
  frequencyPenalty: 0.5,
};

function parameters(sampling: Partial<Sampling>, seed = 3): Record<string, unknown> {
  const wanted = request(text('ignored'), { sampling: { ...GREEDY, ...sampling }, seed });
  return (JSON.parse(generateBody(wanted, FITTED)) as { parameters: Record<string, unknown> }).parameters;
}

describe('body of /generate_stream', () => {
  it('asks greedily by leaving every warper out, since one alone would sample (ORCH-3056)', () => {
    expect(JSON.parse(generateBody(request(text('x'), { seed: 3 }), FITTED))).toEqual({
      inputs: 'hello',
      parameters: {
        do_sample: false,
        max_new_tokens: 7,
        seed: 3,
        stop: [],
        repetition_penalty: 1,
        frequency_penalty: 0,
        details: true,
        decoder_input_details: false,
        return_full_text: false,
        watermark: false,
      },
    });
  });

  it('names every sampling value (ORCH-3056)', () => {
    expect(parameters(SAMPLED)).toMatchObject({
      do_sample: true,
      temperature: 0.7,
      top_p: 0.9,
      top_k: 40,
      repetition_penalty: 1.1,
      frequency_penalty: 0.5,
    });
  });

  it('says off by leaving out, as the server refuses a top-k of 0 and a top-p of 1 (ORCH-3056)', () => {
    const sent = parameters({ temperature: 1 });
    expect(sent).toMatchObject({ do_sample: true, temperature: 1 });
    expect(sent).not.toHaveProperty('top_k');
    expect(sent).not.toHaveProperty('top_p');
  });

  it('never asks for a cut prompt or several answers (ORCH-4504)', () => {
    for (const name of ['truncate', 'best_of', 'typical_p', 'grammar', 'adapter_id', 'top_n_tokens']) {
      expect(parameters(SAMPLED)).not.toHaveProperty(name);
    }
  });

  it('sends as many stop strings as the server takes (ORCH-3056)', () => {
    expect(parameters({ stop: ['a', 'b', 'c'] })).toMatchObject({ stop: ['a', 'b'] });
  });

  it('keeps a seed of 53 bits whole (ORCH-3056)', () => {
    expect(parameters({}, Number.MAX_SAFE_INTEGER)).toMatchObject({ seed: Number.MAX_SAFE_INTEGER });
  });

  it.each<[string, Partial<Sampling>]>([
    ['temperature', { temperature: -1 }],
    ['temperature', { temperature: Number.NaN }],
    ['temperature', { temperature: 101 }],
    ['top_p', { temperature: 1, topP: 0 }],
    ['top_p', { temperature: 1, topP: 1.5 }],
    ['top_k', { temperature: 1, topK: -1 }],
    ['repeat_penalty', { repeatPenalty: 0 }],
    ['frequency_penalty', { frequencyPenalty: 2.5 }],
  ])('refuses a %s out of range (ORCH-4504)', (name, sampling) => {
    expect(() => parameters(sampling)).toThrow(
      expect.objectContaining({ code: 'invalid-input', reason: 'refused', message: expect.stringContaining(name) }),
    );
  });
});
