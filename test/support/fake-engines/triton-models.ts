/** `trtllm-old`: an ensemble of the time before prompts could be left out and tokens counted. */
export type ModelKind = 'trtllm-ensemble' | 'trtllm-old' | 'trtllm-api' | 'vllm';

interface ModelNames {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly maxTokens: string;
  readonly temperature: string;
  readonly topK: string;
  readonly seed: string;
  readonly stop: string;
}

const OLD_INPUTS = [
  ...['text_input', 'max_tokens', 'bad_words', 'stop_words', 'end_id', 'pad_id', 'top_k', 'top_p', 'temperature'],
  ...['length_penalty', 'repetition_penalty', 'min_length', 'presence_penalty', 'frequency_penalty', 'seed'],
  ...['beam_width', 'stream'],
];
const COUNTS = ['num_input_tokens', 'num_output_tokens'];
const ASKS = ['return_num_input_tokens', 'return_num_output_tokens'];
const PLAIN = { maxTokens: 'max_tokens', temperature: 'temperature', topK: 'top_k', seed: 'seed', stop: 'stop_words' };

/** What each kind of model takes and gives. */
export const NAMES: Readonly<Record<ModelKind, ModelNames>> = {
  'trtllm-old': { ...PLAIN, inputs: OLD_INPUTS, outputs: ['text_output', 'cum_log_probs'] },
  'trtllm-ensemble': {
    ...PLAIN,
    inputs: [...OLD_INPUTS, 'exclude_input_in_output', ...ASKS],
    outputs: ['text_output', 'cum_log_probs', ...COUNTS],
  },
  'trtllm-api': {
    inputs: [
      ...['text_input', 'streaming', 'return_finish_reason', 'return_stop_reason'],
      ...['temperature', 'top_k', 'top_p', 'frequency_penalty', 'presence_penalty', 'max_tokens', 'stop', 'seed'].map(
        param,
      ),
      param('exclude_input_from_output'),
    ],
    outputs: ['text_output', 'finish_reason', 'stop_reason'],
    maxTokens: param('max_tokens'),
    temperature: param('temperature'),
    topK: param('top_k'),
    seed: param('seed'),
    stop: param('stop'),
  },
  vllm: {
    ...PLAIN,
    stop: 'stop',
    inputs: [
      ...['text_input', 'image', 'stream', 'sampling_parameters', 'exclude_input_in_output', 'return_finish_reason'],
      ...['return_cumulative_logprob', 'return_logprobs', ...ASKS],
    ],
    outputs: ['text_output', 'finish_reason', 'cumulative_logprob', 'logprobs', ...COUNTS],
  },
};

/** What the configuration of each kind of model says of itself. */
export const CONFIGS: Readonly<Record<ModelKind, ModelConfig>> = {
  'trtllm-old': { platform: 'ensemble', backend: '' },
  'trtllm-ensemble': { platform: 'ensemble', backend: '' },
  'trtllm-api': { platform: '', backend: 'python', model_transaction_policy: { decoupled: true } },
  vllm: { platform: '', backend: 'vllm', model_transaction_policy: { decoupled: true } },
};

interface ModelConfig {
  readonly platform: string;
  readonly backend: string;
  /** Ensembles stream when one of their steps does. */
  readonly model_transaction_policy?: { readonly decoupled: boolean };
}

function param(name: string): string {
  return `sampling_param_${name}`;
}
