import { EngineError, type GenerateRequest, type Sampling } from '@llama-orch/plugin-sdk';

const MOST_TOKENS = 2 ** 31 - 1;

/** What differs from the request as the host made it. */
export interface Fitted {
  readonly inputs: string;
  readonly maxTokens: number;
  /** Stop strings that the server takes; further ones are looked for in its answer. */
  readonly maxStops: number;
}

/**
 * The body for `/generate_stream`, from an allow-list. `truncate` is never sent: a prompt is answered whole or not at all.
 * @throws EngineError `invalid-input` for a value that the server refuses
 */
export function generateBody({ sampling, seed }: GenerateRequest, { inputs, maxTokens, maxStops }: Fitted): string {
  const parameters = {
    max_new_tokens: within('max_tokens', maxTokens, 1, MOST_TOKENS),
    seed: within('seed', seed, 0, Number.MAX_SAFE_INTEGER),
    stop: sampling.stop.slice(0, maxStops),
    ...samplingFields(sampling),
    repetition_penalty: within('repeat_penalty', sampling.repeatPenalty, Number.MIN_VALUE, 100),
    frequency_penalty: within('frequency_penalty', sampling.frequencyPenalty, -2, 2),
    details: true,
    decoder_input_details: false,
    return_full_text: false,
    watermark: false,
  };
  return JSON.stringify({ inputs, parameters });
}

/** Off is said by leaving a value out: the server refuses a temperature of 0, a top-k of 0 and a top-p of 1. */
function samplingFields({ temperature, topP, topK }: Sampling): Readonly<Record<string, unknown>> {
  if (temperature === 0) return { do_sample: false };
  return {
    do_sample: true,
    temperature: within('temperature', temperature, Number.MIN_VALUE, 100),
    ...(topP === 1 ? {} : { top_p: within('top_p', topP, Number.MIN_VALUE, 1) }),
    ...(topK === 0 ? {} : { top_k: within('top_k', topK, 1, MOST_TOKENS) }),
  };
}

function within(name: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value;
  const least = min === Number.MIN_VALUE ? 'more than 0' : min;
  throw new EngineError('invalid-input', `${name} is ${value}; this engine takes ${least} to ${max}.`, {
    reason: 'refused',
  });
}
