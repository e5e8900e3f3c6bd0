import { EngineError } from '@llama-orch/plugin-sdk';
import {
  badStream,
  contextOverflow,
  type EngineErrorBody,
  type HttpReply,
  notSupported,
  readErrorBody,
  reasonOf,
  refusalError,
} from '@llama-orch/plugin-sdk/http';

const TOO_LONG = /must (?:be <=|have less than) (\d+)[^\d]*Given: (\d+)/;
const OUT_OF_MEMORY = /out of memory|not enough memory/i;
/** What a failure inside a stream would have as its status: checks run there too, so the stream itself says 200. */
const STATUSES: Readonly<Record<string, number>> = {
  validation: 422,
  template_error: 422,
  missing_template_variable: 422,
  tool_error: 422,
  overloaded: 429,
};

/** What a reply means that is no event stream. */
export function refusal(reply: HttpReply): EngineError {
  const body = readErrorBody(reply.text);
  if (reply.status === 200 && body.message === '') return badStream('a reply that is no event stream');
  return reply.status === 200 || isFailure(body) ? failureOf(body) : refusalError(reply, body);
}

/** What an error event means. */
export function failureOf(body: EngineErrorBody): EngineError {
  const { message, type = '' } = body;
  const tooLong = TOO_LONG.exec(message);
  if (tooLong !== null) return contextOverflow(Number(tooLong[2]), Number(tooLong[1]));
  if (type === 'validation' && /grammar/i.test(message)) return notSupported(message);
  const status = STATUSES[type];
  if (status !== undefined) return refusalError({ status, headers: {}, text: '' }, body);
  if (OUT_OF_MEMORY.test(message)) return outOfMemory(message);
  if (type.startsWith('incomplete_generation')) {
    const said = 'The engine gave its answer up before the end.';
    return new EngineError('reset', said, { reason: 'engine_fault', cause: message });
  }
  return new EngineError('internal', 'The engine reported a failure.', {
    reason: reasonOf(body, 500),
    cause: message,
  });
}

/** Types that say more than the status. */
function isFailure({ type = '', message }: EngineErrorBody): boolean {
  return type === 'generation' || type.startsWith('incomplete_generation') || TOO_LONG.test(message);
}

function outOfMemory(message: string): EngineError {
  const memory = /cuda|gpu|hip/i.test(message) ? ({ memory: 'vram' } as const) : {};
  return new EngineError('out-of-memory', 'The engine ran out of memory.', {
    reason: 'alloc',
    cause: message,
    ...memory,
  });
}
