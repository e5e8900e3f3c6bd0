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
  return new EngineError('internal', 'The engine reported a failure.', {
    reason: reasonOf(body, 500),
    cause: body.message,
  });
}

/** What answers is something else. `adapter`: which one knows it, as far as its models tell. */
export function otherEngine(adapter: string | undefined): EngineError {
  const hint = adapter === undefined ? 'Check the url.' : `Use the engine ${adapter}, or correct the url.`;
  const message = `What answers at the url of the pool is no llama-server: it has no /props as expected. ${hint}`;
  return new EngineError('unavailable', message, { reason: 'wrong_engine' });
}

/** A llama-server that does not have a route that every one has. */
export function wrongPath(): EngineError {
  const message = 'A llama-server answers at the url of the pool, but not at this path; remove or correct the path.';
  return new EngineError('unavailable', message, { reason: 'wrong_url' });
}

/** One server in front of many models: it tells neither slots nor context, and loads and unloads as it likes. */
export function routerMode(): EngineError {
  const message =
    'The llama-server at the url of the pool runs in router mode; start one with --model for each pool, since the pool is the router.';
  return new EngineError('unavailable', message, { reason: 'router_mode' });
}

/** The server was started for something else than the option `workloads` says. */
export function workloadMissing(workload: string, cause: EngineError): EngineError {
  const flag = workload === 'rerank' ? '--reranking' : '--embeddings';
  const message = `The option workloads names ${workload}, but the llama-server does not offer it; start it with ${flag}.`;
  return new EngineError('unavailable', message, { reason: 'workload_missing', cause });
}

/** Words of the server for an input of an embedding or a rerank that is longer than one batch; its status is 500. */
export function inputRefusal(error: EngineError): EngineError {
  const words = typeof error.cause === 'string' ? error.cause : error.message;
  if (error.code !== 'internal' || !/too large to process/i.test(words)) return error;
  const message = 'An input is longer than one batch of the engine; shorten it, or raise --ubatch-size.';
  return new EngineError('invalid-input', message, { reason: 'context_overflow', cause: words });
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
