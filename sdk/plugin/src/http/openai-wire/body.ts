import { type EnginePrompt, type GenerateRequest, type Sampling } from '../../contracts/engine.js';
import { EngineError } from '../../contracts/engine-error.js';
import { notSupported } from '../engine-failure.js';
import { type StreamCall } from '../engine-stream.js';

/** What a server understands beside the fields that all share. */
export interface OpenAiDialect {
  /** Name of the model as the server knows it. */
  readonly model: string;
  /** `extended`: also `top_k`, `min_p` and a repetition penalty, as servers for open weights take them. */
  readonly fields: 'extended' | 'openai';
  /** How the token limit is called. */
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens';
  /** `each`: usage in every chunk; `end`: in one chunk behind the answer; `none`: it is not asked for. */
  readonly usage: 'each' | 'end' | 'none';
  /** Which route takes which prompt; `auto`: messages go to `/chat/completions` and text to `/completions`. */
  readonly api: 'auto' | 'chat' | 'completions';
  /** The text route takes a JSON schema too. */
  readonly schemaForText: boolean;
}

const MAX_INT = 2 ** 31 - 1;
const MAX_OPENAI_STOPS = 4;

/**
 * Route and body of a generation, from an allow-list. Every sampling value is named, so that no default of the server
 * decides.
 * @param api path of the OpenAI routes, such as `/v1`
 * @throws EngineError `invalid-input` for a value that the server would refuse or bend
 */
export function openAiCall(request: GenerateRequest, dialect: OpenAiDialect, api: string): StreamCall {
  const isChat = dialect.api === 'chat' || (dialect.api === 'auto' && request.prompt.type === 'chat');
  const body = {
    model: dialect.model,
    ...(isChat ? { messages: messagesOf(request.prompt) } : { prompt: textOf(request.prompt) }),
    stream: true,
    ...usageFields(dialect.usage),
    [dialect.maxTokensField]: within('max_tokens', request.maxTokens, 1, MAX_INT),
    seed: within('seed', request.seed, 0, Number.MAX_SAFE_INTEGER),
    ...samplingFields(request.sampling, dialect.fields),
    ...schemaFields(request.jsonSchema, isChat || dialect.schemaForText),
  };
  return { path: `${api}${isChat ? '/chat/completions' : '/completions'}`, body: JSON.stringify(body) };
}

/** Only role and content, whatever else the host may hold. A text prompt is what a user says. */
export function messagesOf(prompt: EnginePrompt): readonly { readonly role: string; readonly content: string }[] {
  if (prompt.type === 'text') return [{ role: 'user', content: prompt.text }];
  return prompt.messages.map(({ role, content }) => ({ role, content }));
}

function textOf(prompt: EnginePrompt): string {
  if (prompt.type === 'text') return prompt.text;
  throw notSupported('the pool has no chat route (api: completions); send a text prompt.');
}

function usageFields(usage: OpenAiDialect['usage']): object {
  if (usage === 'none') return {};
  const each = usage === 'each' ? { continuous_usage_stats: true } : {};
  return { stream_options: { include_usage: true, ...each } };
}

function samplingFields(sampling: Sampling, fields: OpenAiDialect['fields']): object {
  return {
    temperature: within('temperature', sampling.temperature, 0, 2),
    top_p: within('top_p', sampling.topP, Number.MIN_VALUE, 1),
    presence_penalty: within('presence_penalty', sampling.presencePenalty, -2, 2),
    frequency_penalty: within('frequency_penalty', sampling.frequencyPenalty, -2, 2),
    ...stopFields(sampling.stop, fields),
    ...(fields === 'extended' ? extendedFields(sampling) : {}),
  };
}

/** A repetition penalty has two names; each server ignores the one that it does not know. */
function extendedFields({ topK, minP, repeatPenalty }: Sampling): object {
  const penalty = within('repeat_penalty', repeatPenalty, Number.MIN_VALUE, 100);
  return {
    // 0 is an error in some releases and -1 is off in all.
    top_k: topK === 0 ? -1 : within('top_k', topK, 1, MAX_INT),
    min_p: within('min_p', minP, 0, 1),
    repetition_penalty: penalty,
    repeat_penalty: penalty,
  };
}

function stopFields(stop: readonly string[], fields: OpenAiDialect['fields']): object {
  if (fields === 'openai' && stop.length > MAX_OPENAI_STOPS) {
    throw refused(`stop has ${stop.length} strings; this engine takes at most ${MAX_OPENAI_STOPS}.`);
  }
  return { stop };
}

function schemaFields(schema: unknown, isTaken: boolean): object {
  if (schema === undefined) return {};
  if (!isTaken) throw notSupported('a JSON schema needs chat messages here; a text prompt cannot have one.');
  return { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } } };
}

function within(name: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value;
  const range = min === Number.MIN_VALUE ? `more than 0, up to ${max}` : `${min} to ${max}`;
  throw refused(`${name} is ${value}; this engine takes ${range}.`);
}

function refused(message: string): EngineError {
  return new EngineError('invalid-input', message, { reason: 'refused' });
}
