import { EngineError, type SamplingParam, z } from '@llama-orch/plugin-sdk';

/** Inputs that the adapter can fill. */
const INPUTS = [
  ...(['text', 'stream', 'exclude_prompt', 'max_tokens', 'seed', 'stop'] as const),
  ...(['temperature', 'top_p', 'top_k', 'min_p'] as const),
  ...(['presence_penalty', 'frequency_penalty', 'repeat_penalty'] as const),
  ...(['return_finish', 'return_prompt_tokens', 'return_completion_tokens'] as const),
] as const;
const OUTPUTS = ['text', 'finish', 'prompt_tokens', 'completion_tokens'] as const;
const PRESETS = ['trtllm-ensemble', 'trtllm-api', 'vllm'] as const;

export type InputRole = (typeof INPUTS)[number];
type Names<Role extends string> = Readonly<Partial<Record<Role, string>>>;
type Preset = (typeof PRESETS)[number];

/** What a model in a repository calls the things that a request and an answer are made of. */
export interface Fields {
  /**
   * How sampling values travel: as inputs of their own, inside the object `parameters`, which takes no lists, or as JSON in
   * one input.
   */
  readonly values: 'inputs' | 'parameters' | { readonly json: string };
  readonly inputs: Names<InputRole> & { readonly text: string };
  readonly outputs: Names<(typeof OUTPUTS)[number]> & { readonly text: string };
  /** How the likeliest token is asked for: with a temperature of 0, or by keeping the first one alone. */
  readonly greedy: 'temperature' | 'top_k';
  /** What says that every token may be drawn. */
  readonly topKOff: 0 | -1;
}

/** Input and output names of a model, as its metadata tells them. */
export interface ModelNames {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const name = z.string().min(1).max(128);

/** The option `fields`: a preset, or changes to one; null = the model has no such input or output. */
export const fieldsOption = z.union([
  z.enum(['auto', ...PRESETS]),
  z.strictObject({
    like: z.enum(PRESETS).default('trtllm-ensemble'),
    values: z.enum(['inputs', 'parameters']).optional(),
    inputs: z.partialRecord(z.enum(INPUTS), name.nullable()).default({}),
    outputs: z.partialRecord(z.enum(OUTPUTS), name.nullable()).default({}),
  }),
]);

export type FieldsOption = z.output<typeof fieldsOption>;

const KNOWN: Readonly<Record<Preset, Fields>> = {
  'trtllm-ensemble': {
    values: 'inputs',
    inputs: {
      text: 'text_input',
      stream: 'stream',
      exclude_prompt: 'exclude_input_in_output',
      max_tokens: 'max_tokens',
      seed: 'seed',
      stop: 'stop_words',
      temperature: 'temperature',
      top_p: 'top_p',
      top_k: 'top_k',
      presence_penalty: 'presence_penalty',
      frequency_penalty: 'frequency_penalty',
      repeat_penalty: 'repetition_penalty',
      return_prompt_tokens: 'return_num_input_tokens',
      return_completion_tokens: 'return_num_output_tokens',
    },
    outputs: { text: 'text_output', prompt_tokens: 'num_input_tokens', completion_tokens: 'num_output_tokens' },
    greedy: 'top_k',
    topKOff: 0,
  },
  'trtllm-api': {
    values: 'inputs',
    inputs: {
      text: 'text_input',
      stream: 'streaming',
      exclude_prompt: 'sampling_param_exclude_input_from_output',
      max_tokens: 'sampling_param_max_tokens',
      seed: 'sampling_param_seed',
      stop: 'sampling_param_stop',
      temperature: 'sampling_param_temperature',
      top_p: 'sampling_param_top_p',
      top_k: 'sampling_param_top_k',
      presence_penalty: 'sampling_param_presence_penalty',
      frequency_penalty: 'sampling_param_frequency_penalty',
      return_finish: 'return_finish_reason',
    },
    outputs: { text: 'text_output', finish: 'finish_reason' },
    greedy: 'top_k',
    topKOff: 0,
  },
  vllm: {
    values: { json: 'sampling_parameters' },
    inputs: {
      text: 'text_input',
      stream: 'stream',
      exclude_prompt: 'exclude_input_in_output',
      max_tokens: 'max_tokens',
      seed: 'seed',
      stop: 'stop',
      temperature: 'temperature',
      top_p: 'top_p',
      top_k: 'top_k',
      min_p: 'min_p',
      presence_penalty: 'presence_penalty',
      frequency_penalty: 'frequency_penalty',
      repeat_penalty: 'repetition_penalty',
      return_finish: 'return_finish_reason',
      return_prompt_tokens: 'return_num_input_tokens',
      return_completion_tokens: 'return_num_output_tokens',
    },
    outputs: {
      text: 'text_output',
      finish: 'finish_reason',
      prompt_tokens: 'num_input_tokens',
      completion_tokens: 'num_output_tokens',
    },
    greedy: 'temperature',
    topKOff: -1,
  },
};

const PARAMS: readonly SamplingParam[] = [
  ...(['temperature', 'top_p', 'top_k', 'min_p'] as const),
  ...(['presence_penalty', 'frequency_penalty', 'repeat_penalty', 'stop'] as const),
];
/** These are inputs of the model itself, however the sampling values travel. */
const FLAGS: ReadonlySet<string> = new Set([
  ...['text', 'stream', 'exclude_prompt', 'return_finish', 'return_prompt_tokens', 'return_completion_tokens'],
]);
const MOST_SHOWN = 12;

/**
 * The fields that are used with a model: what it does not take is left out, because Triton swallows unknown members.
 * @throws EngineError `wrong_fields` when the model cannot be asked like that
 */
export function fieldsFor(option: FieldsOption, model: ModelNames, modelName: string): Fields {
  const wanted = option === 'auto' ? guessed(model, modelName) : named(option);
  const taken = new Set(model.inputs);
  const isTaken = (role: string, input: string): boolean =>
    taken.has(input) ||
    (wanted.values !== 'inputs' && !FLAGS.has(role)) ||
    (wanted.values === 'parameters' && role !== 'text');
  const inputs = kept(wanted.inputs, isTaken);
  const outputs = kept(wanted.outputs, (_, output) => model.outputs.includes(output));
  const container = typeof wanted.values === 'object' ? wanted.values.json : undefined;
  const missing = [
    ...(inputs.text === undefined ? [wanted.inputs.text] : []),
    ...(inputs.max_tokens === undefined ? [wanted.inputs.max_tokens ?? 'max_tokens'] : []),
    ...(container !== undefined && !taken.has(container) ? [container] : []),
  ];
  if (missing.length > 0) throw wrongFields(modelName, `takes no ${missing.join(' and no ')}`, model.inputs);
  if (outputs.text === undefined) throw wrongFields(modelName, `gives no ${wanted.outputs.text}`, model.outputs);
  const { text } = wanted.inputs;
  return { ...wanted, inputs: { ...inputs, text }, outputs: { ...outputs, text: wanted.outputs.text } };
}

/** Sampling parameters that reach the model. */
export function paramsOf({ inputs, values }: Fields): readonly SamplingParam[] {
  return PARAMS.filter((param) => inputs[param] !== undefined && !(param === 'stop' && values === 'parameters'));
}

function named(option: Exclude<FieldsOption, 'auto'>): Fields {
  if (typeof option === 'string') return KNOWN[option];
  const base = KNOWN[option.like];
  const inputs = changed(base.inputs, option.inputs);
  const outputs = changed(base.outputs, option.outputs);
  const { text } = base.inputs;
  return {
    ...base,
    values: option.values ?? base.values,
    inputs: { text, ...inputs },
    outputs: { text: base.outputs.text, ...outputs },
  };
}

/** Each preset has an input that no other one has. */
function guessed({ inputs }: ModelNames, modelName: string): Fields {
  if (inputs.includes('sampling_param_max_tokens')) return KNOWN['trtllm-api'];
  if (inputs.includes('sampling_parameters')) return KNOWN.vllm;
  if (inputs.includes('max_tokens')) return KNOWN['trtllm-ensemble'];
  throw wrongFields(modelName, 'is none of the known kinds', inputs);
}

function changed<Role extends string>(
  base: Names<Role>,
  changes: Readonly<Partial<Record<Role, string | null>>>,
): Names<Role> {
  const merged = Object.entries({ ...base, ...changes }).filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(merged) as Names<Role>;
}

function kept<Role extends string>(names: Names<Role>, isKept: (role: Role, name: string) => boolean): Names<Role> {
  const entries = Object.entries(names) as [Role, string][];
  return Object.fromEntries(entries.filter(([role, value]) => isKept(role, value))) as Names<Role>;
}

function wrongFields(modelName: string, what: string, names: readonly string[]): EngineError {
  const shown = names.slice(0, MOST_SHOWN).join(', ');
  const message = `The model ${modelName} of the Triton server ${what}; it has ${shown}. Name its fields in the option fields, or correct the model.`;
  return new EngineError('unavailable', message, { reason: 'wrong_fields' });
}
