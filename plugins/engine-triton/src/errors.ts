import { EngineError } from '@llama-orch/plugin-sdk';
import {
  badStream,
  contextOverflow,
  type EngineErrorBody,
  type HttpReply,
  readErrorBody,
  reasonOf,
  refusalError,
} from '@llama-orch/plugin-sdk/http';

/** Words of TensorRT-LLM and vLLM, the prompt first and the context second. */
const TOO_LONG =
  /prompt length \((\d+)\) exceeds[^(]*\((\d+)\)|prompt \(length (\d+)\) is longer than[^\d]*(\d+)|input length \(?(\d+)\)?[^\d]*exceeds[^\d]*(\d+)/i;
const UNKNOWN_MODEL = /request for unknown model/i;
const OUT_OF_MEMORY = /out of memory|failed to allocate/i;

/** What a reply means that is no event stream. */
export function refusal(reply: HttpReply): EngineError {
  const body = readErrorBody(contentOf(reply.text));
  if (reply.status === 200) {
    return body.message === '' ? badStream('a reply that is no event stream') : failureOf(body);
  }
  const known = knownFailure(body);
  return known ?? refusalError(reply, body);
}

/** What an error event means; a request that failed at once has one with a status of its own. */
export function failureOf(body: EngineErrorBody): EngineError {
  const known = knownFailure(body);
  if (known !== undefined) return known;
  return new EngineError('internal', 'The engine reported a failure.', {
    reason: reasonOf(body, 500),
    cause: body.message,
  });
}

/** The backend gave the answer up. */
export function engineFault(finish: string): EngineError {
  const message = `The engine gave its answer up (${finish}).`;
  return new EngineError('reset', message, { reason: 'engine_fault' });
}

function knownFailure({ message }: EngineErrorBody): EngineError | undefined {
  const numbers =
    TOO_LONG.exec(message)
      ?.slice(1)
      .filter((group) => group !== undefined) ?? [];
  if (numbers.length === 2) return contextOverflow(Number(numbers[0]), Number(numbers[1]));
  if (UNKNOWN_MODEL.test(message)) {
    const said = 'The Triton server has no such model, or none that is loaded.';
    return new EngineError('unavailable', said, { reason: 'model_missing', cause: message });
  }
  if (!OUT_OF_MEMORY.test(message)) return undefined;
  const memory = /cuda|gpu|device/i.test(message) ? ({ memory: 'vram' } as const) : {};
  return new EngineError('out-of-memory', 'The engine ran out of memory.', {
    reason: 'alloc',
    cause: message,
    ...memory,
  });
}

/** An error that comes before the first answer has its status, but is written as an event all the same. */
function contentOf(text: string): string {
  return text.replace(/^data: /, '').trimEnd();
}
