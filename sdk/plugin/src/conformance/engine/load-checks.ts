import { type EngineAdapterPlugin, type EngineEndpoint } from '../../contracts/engine.js';
import { demand, eventually, isFailedCheck, within } from '../demand.js';
import { type Check, skip } from '../kit.js';
import { createPlugin } from '../plugin-checks.js';
import { type OpenStream, readFirst, start } from './cancel-checks.js';
import { type EngineBench } from './engine-bench.js';
import { type ControlPrompt } from './engine-kit.js';
import { demandEngineError, transcribe } from './transcript.js';

const NEVER = new AbortController().signal;
const PAUSE_MS = 2;
const MOST_BATCHES = 400;

/** What shows only on an engine that decodes: load, its own queue, its cache and its control tokens. */
export const loadChecks: readonly Check<EngineBench>[] = [
  {
    name: 'EA-01b gives one text however slowly it is read',
    async run(bench) {
      if (!bench.isExact) return skip('the engine declares best_effort, so answers may differ anyway');
      const quick = await bench.answer(bench.fixture.prompts.endless, { maxTokens: 24 });
      const request = bench.request(bench.fixture.prompts.endless, { maxTokens: 24 });
      let text = '';
      for await (const batch of bench.connection.generate(request, NEVER)) {
        await eventually(() => false, PAUSE_MS);
        for (const event of batch) if (event.type === 'token') text += event.text;
      }
      demand(text === quick.text, 'A slow reader gets another text.', { actual: text, expected: quick.text });
    },
  },
  {
    name: 'EA-21 survives a model that aborts its engine',
    async run(bench) {
      const { crashing, endpoint } = bench.engine;
      if (!crashing) {
        const elsewhere = 'the engine runs elsewhere, and its crash is the loss of a connection (EA-20)';
        return skip(endpoint.url === undefined ? 'the fixture has no model that aborts the engine' : elsewhere);
      }
      const failure = await failureOfLoad(bench, crashing);
      demandEngineError(failure, 'for a model that aborts its engine');
      const { error } = await bench.run(bench.fixture.prompts.short, { maxTokens: 1 });
      demand(error === undefined, `Another engine failed together with the one that aborted: ${String(error)}.`);
    },
  },
  {
    name: 'EA-28 gives the same answer beside others',
    async run(bench) {
      if (!bench.isExact) return skip('the engine declares best_effort; what neighbours change is not promised');
      const { slots } = bench.description;
      if (slots < 2) return skip('the engine declares one slot, so nothing runs beside');
      const prompt = bench.fixture.prompts.varied ?? bench.fixture.prompts.endless;
      const wish = { seed: 7, maxTokens: 24, sampling: { temperature: 1 } };
      const alone = await bench.answer(prompt, wish);
      const others = Array.from({ length: Math.min(3, slots - 1) }, () => start(bench, bench.connection));
      for (const stream of others) await readFirst(bench, stream);
      const beside = await bench.answer(prompt, wish);
      await endAll(bench, others);
      demand(beside.text === alone.text, 'Neighbours change an answer that is declared exact.', {
        actual: beside.text,
        expected: alone.text,
      });
    },
  },
  {
    name: 'EA-31 keeps control tokens in the text of callers apart, or says that they are obeyed',
    async run(bench) {
      const { control } = bench.fixture.prompts;
      const declared = bench.description.features.controlTokens ?? 'obeyed';
      if (declared === 'obeyed') return skip('the engine declares that control tokens in the text are obeyed');
      demand(control !== undefined, 'controlTokens is declared as separated; add prompts.control, so that it shows.');
      await demandApart(bench, control);
    },
  },
  {
    name: 'EA-33b leaves the queue of the engine when it is aborted there',
    async run(bench) {
      const { queued } = bench.engine;
      if (!queued) return skip('the fixture shows no queue of the engine; the host sends no more than there are slots');
      const running = Array.from({ length: bench.description.slots }, () => start(bench, bench.connection));
      try {
        for (const stream of running) await readFirst(bench, stream);
        await abortInQueue(bench, queued);
      } finally {
        await endAll(bench, running);
      }
      await bench.demandFreeSlots('an abort in the queue of the engine');
    },
  },
  {
    name: 'EA-44 shows load in the gauges',
    async run(bench) {
      const { connection } = bench;
      if (!connection.scrape) return skip('the adapter reads no metrics of the engine');
      const idle = await connection.scrape(NEVER);
      if (idle.running === undefined) return skip('the engine tells no running requests');
      const stream = start(bench, connection);
      await readFirst(bench, stream);
      const rises = await eventually(async () => isAbove(await connection.scrape!(NEVER), idle), bench.patienceMs);
      await endAll(bench, [stream]);
      demand(rises, 'The gauge of running requests does not rise with a running request.');
      const falls = await eventually(async () => !isAbove(await connection.scrape!(NEVER), idle), bench.patienceMs);
      demand(falls, 'The gauge of running requests does not fall when the request is over.');
    },
  },
  {
    name: 'EA-49 reads the beginning of a second turn from the cache',
    async run(bench) {
      const { kvReuse = 'none' } = bench.description.features;
      const { turns } = bench.fixture.prompts;
      if (turns === undefined) {
        demand(kvReuse === 'none', `kvReuse is declared as ${kvReuse}; add prompts.turns, so that it shows.`);
        return skip('the engine declares that it reuses no cache');
      }
      await bench.answer(turns[0], { maxTokens: 4 });
      const { ends } = await bench.answer(turns[1], { maxTokens: 4 });
      const cached = ends[0]?.usage.cachedTokens ?? 0;
      const isHonest = kvReuse === 'none' ? cached === 0 : cached > 0;
      demand(isHonest, `kvReuse is declared as ${kvReuse}, but the second turn read ${cached} cached tokens.`);
    },
  },
  {
    name: 'EA-49b brings back a saved slot',
    async run(bench) {
      const { connection } = bench;
      const isHalf = (connection.saveSlot === undefined) !== (connection.restoreSlot === undefined);
      demand(!isHalf, 'saveSlot and restoreSlot are offered together or not at all.');
      if (!connection.saveSlot || !connection.restoreSlot) return skip('the adapter saves no slots');
      await bench.answer(bench.fixture.prompts.short, { maxTokens: 4 });
      const state = { slot: 0, name: 'conformance' };
      const saved = await connection.saveSlot(state, NEVER);
      const restored = await connection.restoreSlot(state, NEVER);
      const isWhole = saved.tokens > 0 && restored.tokens === saved.tokens;
      demand(isWhole, 'A slot does not come back as it was saved.', { actual: restored, expected: saved });
    },
  },
];

async function demandApart(bench: EngineBench, { prompt, ifObeyed, without }: ControlPrompt): Promise<void> {
  const { text, ends } = await bench.answer(prompt, { maxTokens: 64 });
  const expected = 'another answer';
  demand(text !== ifObeyed, 'Control tokens in the text of a caller were obeyed.', { actual: text, expected });
  if (without === undefined) return;
  const plain = await bench.answer(without.prompt, { maxTokens: 64 });
  const cost = (ends[0]?.usage.promptTokens ?? 0) - (plain.ends[0]?.usage.promptTokens ?? 0);
  const { controls } = without;
  demand(cost > controls, `${controls} control tokens in the text of a caller cost ${cost} tokens: they were obeyed.`);
}

/** What `connect` throws, or the failure that `generate` tells once `health` says failed. */
async function failureOfLoad(bench: EngineBench, endpoint: EngineEndpoint): Promise<unknown> {
  const adapter = await createPlugin(bench.plugin as EngineAdapterPlugin, bench.options);
  const connecting = adapter.connect(endpoint);
  try {
    const connection = await connecting;
    const isOver = await eventually(
      async () => (await connection.health(NEVER)).state === 'failed',
      endpoint.loadTimeoutMs,
    );
    demand(isOver, 'health does not say failed for a model that aborts its engine.');
    const request = bench.request(bench.fixture.prompts.short);
    const { error } = await transcribe(connection.generate(request, NEVER), bench.patienceMs);
    await connection.close();
    return error;
  } catch (error) {
    if (isFailedCheck(error)) throw error;
    return error;
  }
}

async function abortInQueue(bench: EngineBench, queued: NonNullable<EngineBench['engine']['queued']>): Promise<void> {
  const { connection, patienceMs } = bench;
  const waiting = start(bench, connection);
  const first = waiting.next();
  const isQueued = await eventually(async () => (await queued(connection)) > 0, patienceMs);
  demand(isQueued, 'A request beyond the slots did not reach the queue of the engine.');
  waiting.abort();
  const step = await within(first, patienceMs, 'generate ignores an abort in the queue of the engine.');
  demand(
    step.done && step.error === undefined,
    'An abort in the queue must end generate, without a token or an error.',
  );
  const isGone = await eventually(async () => (await queued(connection)) === 0, patienceMs);
  demand(isGone, 'The request stays in the queue of the engine after its abort.');
}

async function endAll(bench: EngineBench, streams: readonly OpenStream[]): Promise<void> {
  for (const stream of streams) stream.abort();
  for (const stream of streams) {
    for (let batches = 0; batches < MOST_BATCHES; batches++) {
      if ((await within(stream.next(), bench.patienceMs, 'generate ignores the abort.')).done) break;
    }
  }
}

function isAbove(now: { readonly running?: number }, idle: { readonly running?: number }): boolean {
  return (now.running ?? 0) > (idle.running ?? 0);
}
