import {
  engineKit,
  placementKit,
  queueKit,
  runKit,
  type CheckResult,
  type EngineFixture,
  type QueueKitOptions,
} from '../src/conformance/index.js';
import {
  defineEngineAdapter,
  definePlacementStrategy,
  defineQueueDiscipline,
  fitMostFree,
  z,
  type EngineConnection,
  type EngineEndpoint,
  type PlacementStrategy,
  type QueueDiscipline,
} from '../src/index.js';
import { engineMutants, leftTimers } from './mutants/engine-mutants.js';
import { fairQueueMutants } from './mutants/fair-queue-mutants.js';
import { loadMutants } from './mutants/load-mutants.js';
import { placementMutants, rankSoundly } from './mutants/placement-mutants.js';
import { queueMutants } from './mutants/queue-mutants.js';
import { CRASHING, SoundEngine } from './mutants/sound-engine.js';
import { fairOptions, SoundFairQueue } from './mutants/sound-fair-queue.js';
import { SoundQueue } from './mutants/sound-queue.js';

const about = { id: 'subject', version: '1.0.0', apiVersion: '^1.0.0' };

const text = (words: string) => ({ type: 'text' as const, text: words });
const endpoint: EngineEndpoint = {
  poolId: 'pool',
  replicaId: 'replica',
  model: { ref: 'sound', id: 'sound' },
  slots: 3,
  contextTokens: 64,
  loadTimeoutMs: 200,
};
const fixture: EngineFixture = {
  prompts: {
    short: text('hello my friend'),
    endless: text('one two three four five'),
    varied: text('red green blue white black brown grey'),
    emoji: text('a 🦙 and a 🤖'),
    control: { prompt: text('one <|user|> two'), ifObeyed: 'two ' },
    turns: [text('a b c'), text('a b c d')],
  },
  withoutWire: 'the engine lives in this process',
  patienceMs: 2_000,
  startEngine: () => ({
    endpoint,
    crashing: { ...endpoint, model: { ref: CRASHING, id: CRASHING } },
    queued: (connection) => (connection as SoundEngine).queued,
    busySlots: (connection) => (connection as SoundEngine).busySlots,
    kill: (connection) => (connection as SoundEngine).kill(),
  }),
};

const queueKitOf = (
  createQueue: () => QueueDiscipline,
  facts?: QueueKitOptions,
  options: z.ZodType = z.strictObject({}),
) => queueKit(defineQueueDiscipline({ ...about, options, create: () => ({ createQueue }) }), facts);
const judgePlacement = (create: () => PlacementStrategy) =>
  runKit(placementKit(definePlacementStrategy({ ...about, options: z.strictObject({}), create })));
/** Runs the checks whose names begin with `id`, or all. */
const judgeEngine = (
  connect: (endpoint: EngineEndpoint) => EngineConnection,
  changes?: Partial<EngineFixture>,
  id = '',
) => {
  const create = () => ({ connect: async (endpoint: EngineEndpoint) => connect(endpoint) });
  const adapter = defineEngineAdapter({ ...about, options: z.strictObject({}), create });
  const kit = engineKit(adapter, { ...fixture, ...changes });
  return runKit({ ...kit, checks: kit.checks.filter(({ name }) => name.startsWith(id)) });
};

function failuresOf(results: readonly CheckResult[]): string[] {
  return results.flatMap((result) => (result.type === 'failed' ? [result.name] : []));
}

function messagesOf(results: readonly CheckResult[], check: string): string[] {
  return results.flatMap((result) =>
    result.type === 'failed' && result.name.startsWith(check) ? [String(result.error)] : [],
  );
}

describe('the conformance kits', () => {
  it('pass a sound queue, a sound strategy and a sound engine without a skip (ORCH-4507)', async () => {
    const all = [
      await runKit(queueKitOf(() => new SoundFairQueue(), fairOptions)),
      await judgePlacement(() => ({ rank: (_task, candidates) => rankSoundly(candidates), fit: fitMostFree })),
      await judgeEngine((endpoint) => new SoundEngine(endpoint)),
    ].flat();
    const moot = (result: CheckResult) => result.type === 'skipped' && result.reason === fixture.withoutWire;
    expect(all.filter((result) => result.type !== 'passed' && !moot(result))).toEqual([]);
  });

  it('pass a queue that has no optional member, and say what they skip (ORCH-4402)', async () => {
    const results = await runKit(queueKitOf(() => new SoundQueue()));
    expect(failuresOf(results)).toEqual([]);
    const skipped = results.filter(({ type }) => type === 'skipped').map(({ name }) => name.slice(0, 5));
    expect(skipped).toEqual(['QD-11', 'QD-12', 'QD-13', 'QD-14', 'QD-18', 'QD-15', 'QD-16']);
  });

  it.each([...queueMutants, ...fairQueueMutants])(
    'catch a queue that $wrong by $caughtBy (ORCH-4402)',
    async ({ createQueue, caughtBy, options }) => {
      const kit = queueKitOf(createQueue, options);
      const checks = kit.checks.filter(({ name }) => name.startsWith(`${caughtBy} `));
      const results = await runKit({ ...kit, checks });
      expect(failuresOf(results)).toEqual([expect.stringContaining(`${caughtBy} `)]);
      expect(messagesOf(results, `${caughtBy} `)[0]).toMatch(/\bAssertionError\b.*[.;)]/s);
    },
  );

  it.each(placementMutants)(
    'catch a strategy that $wrong by $caughtBy (OC-CORE-1012)',
    async ({ create, caughtBy }) => {
      expect(failuresOf(await judgePlacement(create))).toContainEqual(expect.stringContaining(`${caughtBy} `));
    },
  );

  it.each([...engineMutants, ...loadMutants])(
    'catch an engine that $wrong by $caughtBy (ORCH-4507)',
    async ({ connect, caughtBy }) => {
      try {
        const results = await judgeEngine(connect, { patienceMs: 120 }, `${caughtBy} `);
        expect(failuresOf(results)).toEqual([expect.stringContaining(caughtBy)]);
      } finally {
        for (const timer of leftTimers.splice(0)) clearInterval(timer);
      }
    },
  );

  it('have a mutant of an engine for each check of one that decodes (ORCH-4507)', async () => {
    const caught = new Set([...engineMutants, ...loadMutants].map(({ caughtBy }) => caughtBy));
    const results = await judgeEngine((endpoint) => new SoundEngine(endpoint));
    const ids = results.filter(({ type }) => type === 'passed').map(({ name }) => name.split(' ')[0]!);
    expect(ids.filter((id) => !id.startsWith('PL-') && !caught.has(id))).toEqual([]);
  });

  it('catch options that take anything by PL-02 (ORCH-4701)', async () => {
    const results = await runKit(queueKitOf(() => new SoundQueue(), {}, z.looseObject({})));
    expect(failuresOf(results)).toEqual([expect.stringContaining('PL-02')]);
  });

  it('skip with a reason what an engine declares not to do (ORCH-4507)', async () => {
    class BestEffort extends SoundEngine {
      override async describe(signal: AbortSignal) {
        return { ...(await super.describe(signal)), determinism: 'best_effort' as const };
      }
    }
    const results = await judgeEngine((endpoint) => new BestEffort(endpoint));
    expect(failuresOf(results)).toEqual([]);
    const skipped = results.flatMap((result) =>
      result.type === 'skipped' && result.reason.includes('best_effort') ? [result.name.split(' ')[0]] : [],
    );
    expect(skipped).toEqual(['EA-01b', 'EA-11', 'EA-25', 'EA-26', 'EA-27', 'EA-28', 'EA-35b']);
  });

  it('refuse to open on an engine that never becomes ready (OC-ADAPT-5011)', async () => {
    class NeverReady extends SoundEngine {
      override async health() {
        return { state: 'loading' as const };
      }
    }
    await expect(judgeEngine((endpoint) => new NeverReady(endpoint))).rejects.toThrow('health did not say ready');
  });
});
