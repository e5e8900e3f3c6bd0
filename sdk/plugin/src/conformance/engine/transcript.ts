import { isEngineError, type EngineErrorCode } from '../../contracts/engine-error.js';
import { type EndEvent, type EngineEvent, type TokenEvent } from '../../contracts/engine.js';
import { demand, isFailedCheck, within } from '../demand.js';

/** Everything that one `generate` brought. */
export interface Transcript {
  readonly events: readonly EngineEvent[];
  readonly tokens: readonly TokenEvent[];
  readonly text: string;
  readonly ends: readonly EndEvent[];
  /** What was thrown, if anything. */
  readonly error: Error | undefined;
}

type Batches = AsyncIterable<readonly EngineEvent[]>;

/** More events than any check asks for: the engine does not stop. */
const TOO_MANY_EVENTS = 20_000;

const ERROR_CODES: readonly string[] = [
  'deadline-unmet',
  'unavailable',
  'timeout',
  'reset',
  'invalid-input',
  'out-of-memory',
  'adapter',
  'internal',
] satisfies EngineErrorCode[];

/** Reads an answer to its end; each batch must come within `patienceMs`. */
export async function transcribe(batches: Batches, patienceMs: number): Promise<Transcript> {
  const events: EngineEvent[] = [];
  try {
    await readAll(batches[Symbol.asyncIterator](), events, patienceMs);
    return toTranscript(events, undefined);
  } catch (error) {
    if (isFailedCheck(error)) throw error;
    return toTranscript(events, toError(error));
  }
}

function toTranscript(events: readonly EngineEvent[], error: Error | undefined): Transcript {
  const tokens = events.filter((event) => event.type === 'token');
  const ends = events.filter((event) => event.type === 'end');
  return { events, tokens, ends, text: tokens.map(({ text }) => text).join(''), error };
}

/** Passes when `error` is an {@link EngineError} with a code of the closed list. */
export function demandEngineError(
  error: unknown,
  when: string,
): asserts error is Error & { code: EngineErrorCode; reason?: string } {
  demand(error !== undefined, `Nothing was thrown ${when}; throw an EngineError.`);
  const isKnown = isEngineError(error) && ERROR_CODES.includes(error.code);
  demand(isKnown, `${String(toError(error))} was thrown ${when}; throw an EngineError with a code of the closed list.`);
}

/** What an adapter threw, also when it is no error at all. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`a value of the type ${typeof thrown}`);
}

async function readAll(
  iterator: AsyncIterator<readonly EngineEvent[]>,
  events: EngineEvent[],
  patienceMs: number,
): Promise<void> {
  for (;;) {
    const step = await within(iterator.next(), patienceMs, 'generate is stuck: no batch and no end came.');
    if (step.done) break;
    events.push(...step.value);
    demand(events.length < TOO_MANY_EVENTS, 'generate does not end; stop at the token limit.');
  }
  const after = await within(iterator.next(), patienceMs, 'generate is stuck after its end.');
  demand(after.done === true, 'generate went on after it was done; nothing may follow the end.');
}
