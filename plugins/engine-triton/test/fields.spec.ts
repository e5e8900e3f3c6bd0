import { GREEDY, type Sampling } from '@llama-orch/plugin-sdk';
import { type ModelKind, NAMES } from '../../../test/support/fake-engines/triton-models.js';
import { fieldsFor, fieldsOption, paramsOf } from '../src/fields.js';
import { generateBody } from '../src/generate-body.js';
import { request, text } from './support/fixture.js';

const SAMPLED: Sampling = {
  temperature: 0.7,
  topP: 0.9,
  topK: 40,
  minP: 0.1,
  presencePenalty: 0.2,
  frequencyPenalty: 0.3,
  repeatPenalty: 1.1,
  stop: ['END'],
};

function body(kind: ModelKind, sampling: Partial<Sampling> = {}, option: unknown = 'auto'): Record<string, unknown> {
  const fields = fieldsFor(fieldsOption.parse(option), NAMES[kind], 'tiny');
  const wanted = request(text('hello'), { sampling: { ...GREEDY, ...sampling }, seed: 3, maxTokens: 7 });
  return JSON.parse(generateBody(wanted, 'hello', fields)) as Record<string, unknown>;
}

describe('fields of a model', () => {
  it('asks an ensemble of TensorRT-LLM in its words (ORCH-3057)', () => {
    expect(body('trtllm-ensemble', SAMPLED)).toEqual({
      text_input: 'hello',
      stream: true,
      exclude_input_in_output: true,
      return_num_input_tokens: true,
      return_num_output_tokens: true,
      max_tokens: 7,
      seed: 3,
      temperature: 0.7,
      top_p: 0.9,
      top_k: 40,
      presence_penalty: 0.2,
      frequency_penalty: 0.3,
      repetition_penalty: 1.1,
      stop_words: ['END'],
    });
  });

  it('sends an older ensemble only what it takes (ORCH-4504)', () => {
    const sent = body('trtllm-old', SAMPLED);
    expect(Object.keys(sent).filter((name) => !NAMES['trtllm-old'].inputs.includes(name))).toEqual([]);
    expect(sent).not.toHaveProperty('exclude_input_in_output');
  });

  it('asks the LLM API in its words (ORCH-3057)', () => {
    expect(body('trtllm-api', SAMPLED)).toEqual({
      text_input: 'hello',
      streaming: true,
      return_finish_reason: true,
      sampling_param_exclude_input_from_output: true,
      sampling_param_max_tokens: 7,
      sampling_param_seed: 3,
      sampling_param_temperature: 0.7,
      sampling_param_top_p: 0.9,
      sampling_param_top_k: 40,
      sampling_param_presence_penalty: 0.2,
      sampling_param_frequency_penalty: 0.3,
      sampling_param_stop: ['END'],
    });
  });

  it('hands vLLM its values as JSON, since lists travel no other way (ORCH-3057)', () => {
    const { sampling_parameters, ...flags } = body('vllm', { ...SAMPLED, topK: 0 });
    expect(flags).toEqual({
      text_input: 'hello',
      stream: true,
      exclude_input_in_output: true,
      return_finish_reason: true,
      return_num_input_tokens: true,
      return_num_output_tokens: true,
    });
    expect(JSON.parse(sampling_parameters as string)).toEqual({
      max_tokens: 7,
      seed: 3,
      temperature: 0.7,
      top_p: 0.9,
      top_k: -1,
      min_p: 0.1,
      presence_penalty: 0.2,
      frequency_penalty: 0.3,
      repetition_penalty: 1.1,
      stop: ['END'],
    });
  });

  it('asks greedily as each backend understands it (ORCH-3057)', () => {
    expect(body('trtllm-ensemble')).toMatchObject({ temperature: 1, top_k: 1, top_p: 1 });
    expect(body('trtllm-api')).toMatchObject({ sampling_param_temperature: 1, sampling_param_top_k: 1 });
    expect(JSON.parse(body('vllm').sampling_parameters as string)).toMatchObject({ temperature: 0, top_k: -1 });
  });

  it('sends no empty list, which would be a tensor without elements (ORCH-3057)', () => {
    expect(body('trtllm-ensemble')).not.toHaveProperty('stop_words');
  });

  it('takes the names of the operator, and leaves out what is null (ORCH-3057)', () => {
    const option = { like: 'trtllm-ensemble', inputs: { max_tokens: 'min_length', seed: null } };
    const sent = body('trtllm-old', {}, option);
    expect(sent).toMatchObject({ min_length: 7 });
    expect(sent).not.toHaveProperty('seed');
    expect(sent).not.toHaveProperty('max_tokens');
  });

  it('puts values into the object parameters, and no list (ORCH-3057)', () => {
    const model = { inputs: ['text_input'], outputs: ['text_output'] };
    const fields = fieldsFor(fieldsOption.parse({ values: 'parameters' }), model, 'tiny');
    const sent: unknown = JSON.parse(generateBody(request(text('x'), { sampling: SAMPLED }), 'x', fields));
    expect(sent).toMatchObject({ text_input: 'x', parameters: { stream: true, max_tokens: 8, temperature: 0.7 } });
    expect(JSON.stringify(sent)).not.toContain('END');
    expect(paramsOf(fields)).not.toContain('stop');
  });

  it('declares only what reaches the model (ORCH-3057)', () => {
    const params = (kind: ModelKind) => paramsOf(fieldsFor('auto', NAMES[kind], 'tiny'));
    expect(params('trtllm-api')).not.toContain('repeat_penalty');
    expect(params('trtllm-ensemble')).not.toContain('min_p');
    expect(params('vllm')).toContain('min_p');
  });

  it.each<[string, readonly string[], readonly string[], RegExp]>([
    ['a model of images', ['IMAGE'], ['CLASSES'], /none of the known kinds; it has IMAGE\. Name its fields/],
    ['a model without text', ['max_tokens'], ['text_output'], /takes no text_input/],
    ['a model without a text to give', ['text_input', 'max_tokens'], ['logits'], /gives no text_output/],
  ])('refuses %s and says what it has (ORCH-3057)', (_, inputs, outputs, words) => {
    expect(() => fieldsFor('auto', { inputs, outputs }, 'tiny')).toThrow(
      expect.objectContaining({ reason: 'wrong_fields', message: expect.stringMatching(words) }),
    );
  });

  it.each<[string, Partial<Sampling>]>([
    ['temperature', { temperature: 101 }],
    ['top_p', { temperature: 1, topP: 0 }],
    ['top_k', { temperature: 1, topK: -1 }],
    ['min_p', { temperature: 1, minP: 2 }],
    ['presence_penalty', { presencePenalty: 3 }],
    ['frequency_penalty', { frequencyPenalty: -3 }],
    ['repeat_penalty', { repeatPenalty: 0 }],
  ])('refuses a %s out of range (ORCH-4504)', (name, sampling) => {
    expect(() => body('vllm', sampling)).toThrow(
      expect.objectContaining({ code: 'invalid-input', message: expect.stringContaining(name) }),
    );
  });

  it('reduces a seed to 31 bits (ORCH-3057)', () => {
    const fields = fieldsFor('auto', NAMES['trtllm-ensemble'], 'tiny');
    const wanted = request(text('x'), { seed: 2 ** 31 + 5 });
    expect(JSON.parse(generateBody(wanted, 'x', fields))).toMatchObject({ seed: 5 });
  });
});
