import { type EngineConnection, type EngineEvent, type EnginePrompt } from '../../contracts/engine.js';
import { demand, within } from '../demand.js';
import { type Check, skip } from '../kit.js';
import { type EngineBench } from './engine-bench.js';
import { toError } from './transcript.js';

const LONG_ANSWER = 200;
const THROWN = 'An aborted generate must return without throwing.';

/** What an abort does, and when. */
export const cancelChecks: readonly Check<EngineBench>[] = [
  {
    name: 'EA-33 does nothing for a task that is already aborted',
    async run(bench) {
      const stream = start(bench, bench.connection);
      stream.abort();
      await demandDone(
        bench,
        stream,
        'A task that was aborted beforehand yielded something; look at the signal first.',
      );
      await bench.demandFreeSlots('a task that was aborted beforehand');
    },
  },
  {
    name: 'EA-34 ends an abort before the first token',
    async run(bench) {
      const stream = start(bench, bench.connection);
      const first = stream.next();
      stream.abort();
      const step = await within(first, bench.patienceMs, 'generate ignores an abort while the prompt is read.');
      demand(step.error === undefined, `${THROWN} It threw ${String(step.error)}.`);
      demand(step.done, 'A batch was yielded after the abort; check the signal after each wait.');
      await bench.demandFreeSlots('an abort before the first token');
    },
  },
  {
    name: 'EA-35 ends an abort in mid-stream and frees the slot',
    async run(bench) {
      const stream = start(bench, bench.connection);
      await readFirst(bench, stream);
      stream.abort();
      await demandDone(bench, stream, 'A batch was yielded after the abort; check the signal before each yield.');
      await bench.demandFreeSlots('an abort in mid-stream');
    },
  },
  {
    name: 'EA-35b leaves the neighbours of an aborted task alone',
    async run(bench) {
      if (bench.description.slots < 2) return skip('the engine declares one slot');
      if (!bench.isExact) return skip('the engine declares best_effort, so answers may differ anyway');
      const prompt = bench.fixture.prompts.endless;
      const alone = await bench.answer(prompt, { maxTokens: 24 });
      const stream = start(bench, bench.connection);
      await readFirst(bench, stream);
      const neighbour = bench.answer(prompt, { maxTokens: 24 });
      stream.abort();
      const aborted = demandDone(
        bench,
        stream,
        'A batch was yielded after the abort; check the signal before each yield.',
      );
      const [{ text }] = await Promise.all([neighbour, aborted]);
      demand(text === alone.text, 'The abort of one task changed the answer of another.', {
        actual: text,
        expected: alone.text,
      });
    },
  },
  {
    name: 'EA-35c frees the slot of a consumer that stops reading',
    async run(bench) {
      const stream = start(bench, bench.connection);
      await readFirst(bench, stream);
      await within(stream.leave(), bench.patienceMs, 'generate is stuck when its consumer leaves.');
      await bench.demandFreeSlots('its consumer left');
    },
  },
  {
    name: 'EA-35f has seen the slot free when an abort is over, if it says so',
    async run(bench) {
      const { busySlots } = bench.engine;
      if (!bench.description.features.cancelConfirmed) return skip('the adapter declares no confirmed cancel');
      if (!busySlots) return skip('the fixture shows no slots of the engine');
      const stream = start(bench, bench.connection);
      await readFirst(bench, stream);
      stream.abort();
      await demandDone(bench, stream, 'A batch was yielded after the abort; check the signal before each yield.');
      const busy = await busySlots(bench.connection);
      demand(busy === 0, 'cancelConfirmed is declared, but generate returned before the slot was free.');
    },
  },
  {
    name: 'EA-36 takes no harm from an abort after the end, or from a second one',
    async run(bench) {
      const stream = start(bench, bench.connection, bench.fixture.prompts.short);
      while (!(await within(stream.next(), bench.patienceMs, 'generate is stuck.')).done);
      stream.abort();
      stream.abort();
      await demandDone(bench, stream, 'Something was yielded after the end.');
      await bench.demandFreeSlots('an abort after the end');
    },
  },
];

interface Step {
  readonly done: boolean;
  readonly error?: Error;
  readonly batch?: readonly EngineEvent[];
}

export interface OpenStream {
  /** The next batch; what is thrown becomes part of the step. */
  next(): Promise<Step>;
  abort(): void;
  /** Stops reading, as `break` in a loop does. */
  leave(): Promise<void>;
}

/** A long answer that is read by hand. */
export function start(
  bench: EngineBench,
  connection: EngineConnection,
  prompt: EnginePrompt = bench.fixture.prompts.endless,
): OpenStream {
  const controller = new AbortController();
  const request = bench.request(prompt, { maxTokens: LONG_ANSWER });
  const iterator = connection.generate(request, controller.signal)[Symbol.asyncIterator]();
  return {
    next: () =>
      iterator.next().then(
        (step) => (step.done ? { done: true } : { done: false, batch: step.value }),
        (error: unknown) => ({ done: true, error: toError(error) }),
      ),
    abort: () => controller.abort(),
    leave: async () => {
      await iterator.return?.();
    },
  };
}

/** Reads up to the first token. */
export async function readFirst(bench: EngineBench, stream: OpenStream): Promise<void> {
  const step = await within(stream.next(), bench.patienceMs, 'No first batch came.');
  demand(step.error === undefined, `The answer failed before its first token: ${String(step.error)}.`);
  const isToken = step.batch?.some(({ type }) => type === 'token') ?? false;
  demand(isToken, 'The first batch of a long answer must hold a token.');
}

async function demandDone(bench: EngineBench, stream: OpenStream, sentence: string): Promise<void> {
  const step = await within(stream.next(), bench.patienceMs, 'generate ignores the abort.');
  demand(step.error === undefined, `${THROWN} It threw ${String(step.error)}.`);
  demand(step.done, sentence, { actual: step.batch, expected: 'nothing' });
}
