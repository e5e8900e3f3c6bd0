import { EngineError, type GenerateRequest, type Sampling } from '@llama-orch/plugin-sdk';
import { type WirePrompt } from './prompts.js';

const SEED_SPAN = 2 ** 31;
const MAX_TOKENS = 2 ** 31 - 1;
/** Only what the request can ask for; everything else the server has stays out. */
const SAMPLERS = ['penalties', 'top_k', 'top_p', 'min_p', 'temperature'];
const PENALTY_WINDOW = 64;

/**
 * The body for `/completion`, from an allow-list. Every sampling value is named, so that no flag of the server decides.
 * @throws EngineError `invalid-input` for a value that the server would bend
 */
export function completionBody(request: GenerateRequest, prompt: WirePrompt, cachePrompt: boolean): string {
  const { sampling, jsonSchema } = request;
  return JSON.stringify({
    prompt,
    stream: true,
    n_predict: within('max_tokens', request.maxTokens, 1, MAX_TOKENS),
    seed: within('seed', request.seed, 0, Number.MAX_SAFE_INTEGER) % SEED_SPAN,
    ...samplingFields(sampling),
    ...(jsonSchema === undefined ? {} : { json_schema: jsonSchema }),
    cache_prompt: cachePrompt,
    ignore_eos: false,
    n_keep: 0,
    n_probs: 0,
    logit_bias: [],
  });
}

function samplingFields(sampling: Sampling): Readonly<Record<string, unknown>> {
  return {
    samplers: SAMPLERS,
    temperature: within('temperature', sampling.temperature, 0, 100),
    top_k: within('top_k', sampling.topK, 0, MAX_TOKENS),
    top_p: within('top_p', sampling.topP, 0, 1),
    min_p: within('min_p', sampling.minP, 0, 1),
    presence_penalty: within('presence_penalty', sampling.presencePenalty, -100, 100),
    frequency_penalty: within('frequency_penalty', sampling.frequencyPenalty, -100, 100),
    repeat_penalty: within('repeat_penalty', sampling.repeatPenalty, 0, 100),
    repeat_last_n: PENALTY_WINDOW,
    dynatemp_range: 0,
    mirostat: 0,
    stop: sampling.stop,
  };
}

function within(name: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value;
  throw new EngineError('invalid-input', `${name} is ${value}; this engine takes ${min} to ${max}.`, {
    reason: 'refused',
  });
}
