import { type EngineConnection } from '../../contracts/engine.js';
import { demand, within } from '../demand.js';
import { type Check, skip } from '../kit.js';
import { type EngineBench } from './engine-bench.js';
import { demandEngineError } from './transcript.js';

const INPUTS = ['a small cat', 'a large engine', 'a small cat'];
const taskId = 'conformance-workload';

/** Embedding and rerank, where the engine offers them. */
export const workloadChecks: readonly Check<EngineBench>[] = [
  {
    name: 'EW-01 embeds each input, in order',
    async run(bench) {
      if (!offers(bench, 'embedding')) return skip('the engine does not offer embedding');
      const { embeddings, promptTokens } = await bench.connection.embed!({ taskId, inputs: INPUTS }, neverAborted());
      demand(embeddings.length === INPUTS.length, 'embed must return one vector per input.');
      const [first = [], second = [], third = []] = embeddings;
      demand(first.length > 0 && second.length === first.length, 'All vectors must have the same width, above 0.');
      demand(embeddings.flat().every(Number.isFinite), 'A vector holds a value that is no finite number.');
      demand(distance(first, third) < distance(first, second), 'Equal inputs must give equal vectors; keep the order.');
      demand(promptTokens > 0, 'promptTokens of embed is 0; count the inputs.');
    },
  },
  {
    name: 'EW-02 scores each input against the query, in order',
    async run(bench) {
      if (!offers(bench, 'rerank')) return skip('the engine does not offer rerank');
      const request = { taskId, query: 'cat', inputs: INPUTS };
      const { scores, promptTokens } = await bench.connection.rerank!(request, neverAborted());
      demand(scores.length === INPUTS.length, 'rerank must return one score per input.');
      demand(scores.every(Number.isFinite), 'A score is no finite number.');
      demand(
        Math.abs(scores[0]! - scores[2]!) < 1e-3,
        'Equal inputs must get equal scores; keep the order of the inputs.',
      );
      demand(promptTokens > 0, 'promptTokens of rerank is 0; count query and inputs.');
    },
  },
  {
    name: 'EW-03 ends an aborted embedding with an error and frees the slot',
    async run(bench) {
      if (!offers(bench, 'embedding')) return skip('the engine does not offer embedding');
      const abort = new AbortController();
      abort.abort();
      const call = thrownBy(bench.connection, abort.signal);
      demandEngineError(await within(call, bench.patienceMs, 'embed ignores the abort.'), 'for an aborted embedding');
      await bench.demandFreeSlots('an aborted embedding');
    },
  },
];

function offers({ description }: EngineBench, workload: 'embedding' | 'rerank'): boolean {
  return description.workloads.includes(workload);
}

function thrownBy(connection: EngineConnection, signal: AbortSignal): Promise<unknown> {
  return connection.embed!({ taskId, inputs: INPUTS }, signal).then(
    () => undefined,
    (error: unknown) => error,
  );
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((value, index) => value - (b[index] ?? 0)));
}

function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
