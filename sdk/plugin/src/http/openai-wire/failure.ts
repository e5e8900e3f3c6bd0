import { EngineError, type EngineErrorDetails } from '../../contracts/engine-error.js';
import { reasonOf, refusalError } from '../engine-failure.js';
import { type EngineErrorBody, readErrorBody } from '../error-body.js';
import { type HttpReply } from '../http-stream.js';

/** Words of vLLM, SGLang, llama.cpp, LM Studio, Ollama and OpenAI for a prompt that is too long. */
const TOO_LONG =
  /maximum context length|context_length_exceeded|exceeds? (the |this )?(model's |available )?(maximum )?context|longer than the (model's )?context|context the overflows|exceeds the maximum allowed length|exceed_context_size/i;
/** The first that is found tells; the later ones are less certain. */
const CONTEXT = [
  /context (?:length|size|window)[^\d]{0,20}(\d+)/i,
  /allowed length[^\d]{0,20}(\d+)/i,
  /\((\d+) tokens\)[^(]*$/,
];
const PROMPT = [
  /(\d+) (?:tokens )?in the (?:messages|prompt|input)/i,
  /contains (?:at least )?(\d+)/i,
  /resulted in (\d+)/i,
  /(?:input|request|length) \((\d+) tokens\)/i,
  /requested (\d+) tokens/i,
];
const OUT_OF_MEMORY = /out of memory|failed to allocate|outofmemory/i;

/** What an answer of an OpenAI-style server means that is no event stream. */
export function openAiRefusal(reply: HttpReply): EngineError {
  const body = readErrorBody(reply.text);
  const { status } = reply;
  if (status === 200) return body.message === '' ? noStream() : openAiFailure(body);
  const tooLong = overflowOf(body);
  if (tooLong !== undefined) return tooLong;
  if (status === 404 && !isAboutModel(body)) return wrongUrl(404);
  // A redirect is not followed: it would carry the prompt and the key elsewhere.
  if (status === 405 || (status >= 300 && status < 400)) return wrongUrl(status);
  if (status >= 500 && OUT_OF_MEMORY.test(body.message)) return outOfMemory(body);
  return withWords(refusalError(reply, body), body);
}

/** What an error event in the middle of a stream means. */
export function openAiFailure(body: EngineErrorBody): EngineError {
  const tooLong = overflowOf(body);
  if (tooLong !== undefined) return tooLong;
  if (OUT_OF_MEMORY.test(body.message)) return outOfMemory(body);
  const status = Number(body.code);
  if (status >= 400 && status < 500) {
    return withWords(refusalError({ status, headers: {}, text: '' }, body), body);
  }
  const details = { reason: reasonOf(body, 500), cause: body.message };
  return new EngineError('internal', 'The engine reported a failure.', details);
}

/** The prompt and at least one token of the answer must fit. */
export function contextOverflow(promptTokens: number | undefined, contextTokens: number | undefined): EngineError {
  const prompt = promptTokens === undefined ? 'The prompt is too long' : `The prompt has ${promptTokens} tokens`;
  const context = contextTokens === undefined ? 'the context' : `the context of ${contextTokens} tokens`;
  const message = `${prompt}, which does not fit ${context} together with the answer; shorten the prompt.`;
  return new EngineError('invalid-input', message, { reason: 'context_overflow' });
}

/** What answers is something else than an OpenAI-style server. */
export function wrongUrl(status: number | undefined, what = ''): EngineError {
  const answer = status === undefined ? '' : ` (it answered ${status})`;
  const message = `What answers at the url of the pool does not speak the OpenAI API${answer}${what}; check the url.`;
  return new EngineError('unavailable', message, { reason: 'wrong_url' });
}

function isAboutModel({ code, type, message }: EngineErrorBody): boolean {
  return /\bmodel(_not_found)?\b/i.test(`${code ?? ''} ${message}`) || type === 'NotFoundError';
}

function overflowOf(body: EngineErrorBody): EngineError | undefined {
  const { message, type, code, members } = body;
  if (!TOO_LONG.test(`${type ?? ''} ${code ?? ''} ${message}`)) return undefined;
  const told = (name: string): number | undefined => (typeof members[name] === 'number' ? members[name] : undefined);
  const promptTokens = told('n_prompt_tokens') ?? firstNumber(PROMPT, message);
  return contextOverflow(promptTokens, told('n_ctx') ?? firstNumber(CONTEXT, message));
}

function firstNumber(patterns: readonly RegExp[], text: string): number | undefined {
  const found = patterns.map((pattern) => pattern.exec(text)?.[1]).find((digits) => digits !== undefined);
  return found === undefined ? undefined : Number(found);
}

function outOfMemory({ message }: EngineErrorBody): EngineError {
  const memory = /cuda|gpu|vram|hip/i.test(message) ? ({ memory: 'vram' } as const) : {};
  const details: EngineErrorDetails = { reason: 'alloc', cause: message, ...memory };
  return new EngineError('out-of-memory', 'The engine ran out of memory.', details);
}

function noStream(): EngineError {
  return new EngineError('adapter', 'The engine answered with something that is no event stream.', {
    reason: 'bad_stream',
  });
}

/** Keeps the engine's own words for the log, where the message does not have them. */
function withWords(error: EngineError, { message }: EngineErrorBody): EngineError {
  if (message === '' || error.cause !== undefined) return error;
  const { reason, retryAfterMs } = error;
  return new EngineError(error.code, error.message, {
    ...(reason === undefined ? {} : { reason }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    cause: message,
  });
}
