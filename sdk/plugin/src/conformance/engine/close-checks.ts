import { type EngineConnection } from '../../contracts/engine.js';
import { demand, eventually, within } from '../demand.js';
import { type Check, skip } from '../kit.js';
import { countLasting, leftovers } from '../leftovers.js';
import { type OpenStream, readFirst, start } from './cancel-checks.js';
import { type EngineBench, type ReadyEngine } from './engine-bench.js';
import { demandEngineError, transcribe } from './transcript.js';

const MOST_BATCHES = 1_000;

/** How an engine goes away. Each check has an engine of its own. */
export const closeChecks: readonly Check<EngineBench>[] = [
  {
    name: 'EA-20 reports an engine that was killed in mid-stream',
    async run(bench) {
      if (!bench.engine.kill) return skip('the fixture cannot kill the engine');
      await withAnother(bench, async ({ engine, connection }) => {
        const stream = start(bench, connection);
        await readFirst(bench, stream);
        await engine.kill!(connection);
        const error = await readToEnd(bench, stream);
        demandEngineError(error, 'although the engine was killed in mid-stream');
        demand(error.code === 'reset', 'A killed engine must end running answers with reset.', {
          actual: error.code,
          expected: 'reset',
        });
        await demandNotReady(bench, connection, 'after the engine was killed');
      });
    },
  },
  {
    name: 'EA-20b settles lost when the engine is killed',
    async run(bench) {
      if (!bench.engine.kill) return skip('the fixture cannot kill the engine');
      if (!bench.connection.lost) return skip('the adapter leaves it to health to find a lost engine');
      await withAnother(bench, async ({ engine, connection }) => {
        await engine.kill!(connection);
        const error = await within(
          connection.lost!,
          bench.patienceMs,
          'lost did not settle after the engine was killed.',
        );
        demandEngineError(error, 'by lost');
      });
    },
  },
  {
    name: 'EA-52 ends running answers when it is closed, and takes a second close',
    async run(bench) {
      await withAnother(bench, async ({ connection }) => {
        const stream = start(bench, connection);
        await readFirst(bench, stream);
        await within(connection.close(), bench.patienceMs, 'close is stuck while an answer runs.');
        const error = await readToEnd(bench, stream);
        if (error !== undefined) demandEngineError(error, 'for an answer that close ended');
        await within(connection.close(), bench.patienceMs, 'A second close is stuck.');
      });
    },
  },
  {
    name: 'EA-52b refuses work after it was closed, with an engine error',
    async run(bench) {
      await withAnother(bench, async ({ connection }) => {
        await connection.close();
        const request = bench.request(bench.fixture.prompts.short);
        const { error } = await transcribe(
          connection.generate(request, new AbortController().signal),
          bench.patienceMs,
        );
        demandEngineError(error, 'by generate after close');
        await demandNotReady(bench, connection, 'after close');
      });
    },
  },
  {
    name: 'EA-52c leaves no timer, socket or process behind',
    async run(bench) {
      const before = countLasting();
      await withAnother(bench, async ({ connection }) => {
        const stream = start(bench, connection);
        await readFirst(bench, stream);
        await connection.close();
        await readToEnd(bench, stream);
      });
      const isClean = await eventually(() => leftovers(before).length === 0, bench.patienceMs);
      demand(
        isClean,
        `After close there is still: ${leftovers(before).join(', ')}. End timers, sockets and processes.`,
      );
    },
  },
];

async function withAnother(bench: EngineBench, examine: (ready: ReadyEngine) => Promise<void>): Promise<void> {
  const ready = await bench.startAnother();
  try {
    await examine(ready);
  } finally {
    await ready.close();
  }
}

/** Reads what is left; the value is what was thrown, if anything. */
async function readToEnd(bench: EngineBench, stream: OpenStream): Promise<Error | undefined> {
  for (let batches = 0; batches < MOST_BATCHES; batches++) {
    const step = await within(stream.next(), bench.patienceMs, 'A running answer did not end with its engine.');
    if (step.done) return step.error;
  }
  return undefined;
}

async function demandNotReady(bench: EngineBench, connection: EngineConnection, when: string): Promise<void> {
  const isDown = await eventually(() => isNotReady(connection), bench.patienceMs);
  demand(isDown, `health still says ready ${when}; say failed.`);
}

async function isNotReady(connection: EngineConnection): Promise<boolean> {
  const { state } = await connection.health(new AbortController().signal);
  return state !== 'ready';
}
