import { EngineError, type GenerateRequest } from '@llama-orch/plugin-sdk';
import { type Fields, type InputRole } from './fields.js';

const MOST_TOKENS = 2 ** 31 - 1;
const SEED_SPAN = 2 ** 31;

type Value = string | number | boolean | readonly string[];
type Values = Readonly<Partial<Record<InputRole, Value>>>;

const FLAGS: Values = {
  stream: true,
  exclude_prompt: true,
  return_finish: true,
  return_prompt_tokens: true,
  return_completion_tokens: true,
};

/**
 * The body for `/generate_stream` in the words of the model, from an allow-list.
 * @throws EngineError `invalid-input` for a value that the model refuses
 */
export function generateBody(request: GenerateRequest, text: string, fields: Fields): string {
  const flags = renamed(FLAGS, fields);
  const values = renamed(valuesOf(request, fields), fields);
  const prompt = { [fields.inputs.text]: text };
  if (fields.values === 'parameters') return JSON.stringify({ ...prompt, parameters: { ...flags, ...values } });
  if (fields.values === 'inputs') return JSON.stringify({ ...prompt, ...flags, ...values });
  return JSON.stringify({ ...prompt, ...flags, [fields.values.json]: JSON.stringify(values) });
}

function valuesOf({ sampling, seed, maxTokens }: GenerateRequest, fields: Fields): Values {
  // An empty list would become a tensor without elements; the object `parameters` takes no list at all.
  const takesStops = sampling.stop.length > 0 && fields.values !== 'parameters';
  const { temperature, topP, topK } = sampling;
  return {
    max_tokens: within('max_tokens', maxTokens, 1, MOST_TOKENS),
    seed: within('seed', seed, 0, Number.MAX_SAFE_INTEGER) % SEED_SPAN,
    ...(temperature === 0 ? greedyValues(fields) : {}),
    ...(temperature > 0
      ? {
          temperature: within('temperature', temperature, Number.MIN_VALUE, 100),
          top_p: within('top_p', topP, Number.MIN_VALUE, 1),
          top_k: topK === 0 ? fields.topKOff : within('top_k', topK, 1, MOST_TOKENS),
          min_p: within('min_p', sampling.minP, 0, 1),
        }
      : {}),
    presence_penalty: within('presence_penalty', sampling.presencePenalty, -2, 2),
    frequency_penalty: within('frequency_penalty', sampling.frequencyPenalty, -2, 2),
    repeat_penalty: within('repeat_penalty', sampling.repeatPenalty, Number.MIN_VALUE, 100),
    ...(takesStops ? { stop: sampling.stop } : {}),
  };
}

/** TensorRT-LLM takes no temperature of 0: the one likeliest token is kept instead. */
function greedyValues({ greedy, topKOff }: Fields): Values {
  if (greedy === 'temperature') return { temperature: 0, top_p: 1, top_k: topKOff, min_p: 0 };
  return { temperature: 1, top_p: 1, top_k: 1 };
}

function renamed(values: Values, { inputs }: Fields): Readonly<Record<string, Value>> {
  const named = Object.entries(values).map(([role, value]) => [inputs[role as InputRole], value] as const);
  return Object.fromEntries(named.filter(([name]) => name !== undefined)) as Record<string, Value>;
}

function within(name: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value;
  const least = min === Number.MIN_VALUE ? 'more than 0' : min;
  throw new EngineError('invalid-input', `${name} is ${value}; this engine takes ${least} to ${max}.`, {
    reason: 'refused',
  });
}
