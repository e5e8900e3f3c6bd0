import { EngineError } from '@llama-orch/plugin-sdk';
import {
  notSupported,
  reasonOf,
  refusalError,
  type EngineErrorBody,
  type HttpReply,
} from '@llama-orch/plugin-sdk/http';

/** What a refusal before the stream means; llama-server's own cases first. */
export function refusal(reply: HttpReply, body: EngineErrorBody): EngineError {
  const tooLong = overflowOf(body);
  if (tooLong !== undefined) return tooLong;
  if (isOurFault(reply, body)) {
    return new EngineError('adapter', 'The engine could not read the request that the adapter sent.', {
      reason: 'bad_request',
    });
  }
  if (reply.status === 400 && /grammar|json.?schema/i.test(body.message)) return notSupported(body.message);
  if (reply.status === 200) return failureEvent(body);
  return refusalError(reply, body);
}

/** What an error event inside a stream means. */
export function failureEvent(body: EngineErrorBody): EngineError {
  const tooLong = overflowOf(body);
  if (tooLong !== undefined) return tooLong;
  if (/context size has been exceeded/i.test(body.message)) {
    return new EngineError('out-of-memory', "The engine's shared KV cache is full; start it without --kv-unified.", {
      reason: 'kv_full',
    });
  }
  if (/out of memory|failed to allocate|alloc/i.test(body.message)) {
    return new EngineError('out-of-memory', 'The engine ran out of memory.', { reason: 'alloc' });
  }
  return new EngineError('internal', 'The engine reported a failure.', { reason: reasonOf(body, 500) });
}

/** The prompt and at least one token of the answer must fit. */
export function overflow(promptTokens: number, contextTokens: number): EngineError {
  return new EngineError(
    'invalid-input',
    `The prompt has ${promptTokens} tokens, but the context holds ${contextTokens} with the answer; shorten the prompt.`,
    { reason: 'context_overflow' },
  );
}

function overflowOf({ type, members }: EngineErrorBody): EngineError | undefined {
  if (type !== 'exceed_context_size_error') return undefined;
  return overflow(Number(members.n_prompt_tokens), Number(members.n_ctx));
}

/** llama-server answers 500 to JSON and messages that it cannot read, and 404 to a path that it does not have. */
function isOurFault({ status }: HttpReply, { message, type }: EngineErrorBody): boolean {
  if (status === 500) return /json\.exception|pars(e|ing)/i.test(message);
  return status === 404 && type === 'not_found_error' && /file not found/i.test(message);
}
