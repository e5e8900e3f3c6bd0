import { type EngineAdapter, type EngineConnection, EngineError } from '@llama-orch/plugin-sdk';
import { FakeConnection } from '../../test/support/fake-engine.js';
import { settle } from '../../test/support/fake-clock.js';
import { supervised } from '../../test/support/supervised.js';

type Members = Readonly<Partial<Record<keyof EngineConnection, unknown>>>;
type Connect = EngineAdapter['connect'];

const never = () => new Promise<never>(() => {});
const throwing = () => {
  throw new TypeError('the adapter is broken');
};
const rejecting = () => Promise.reject(new TypeError('the adapter is broken'));
/** Nobody listens to it before its test runs. */
const lostForNoReason = rejecting();
lostForNoReason.catch(() => {});
async function* yielding(...batches: readonly unknown[]) {
  yield* batches;
}

/** A sound connection but for these members. */
function but(members: Members): Connect {
  return async (endpoint) => {
    const sound = new FakeConnection(endpoint);
    const bound = {
      ...{ health: () => sound.health(), describe: () => sound.describe(), close: () => sound.close() },
      generate: sound.generate.bind(sound),
    };
    return { ...bound, ...members } as unknown as EngineConnection;
  };
}

const described = (facts: object) => async () => ({
  ...new FakeConnection({ slots: 1 } as never).description,
  ...facts,
});
const dying = () => Promise.resolve(new EngineError('reset', 'the engine died'));

/** Adapters that break their contract, one way each. */
const BAD: readonly (readonly [string, Connect])[] = [
  ['connect throws in its own turn', throwing],
  ['connect rejects', rejecting],
  ['connect never settles', never],
  ['connect gives nothing', async () => undefined as never],
  ['connect gives a connection without generate', but({ generate: undefined })],
  ['health throws', but({ health: throwing })],
  ['health never settles', but({ health: never })],
  ['health says nothing', but({ health: async () => undefined })],
  ['health says a word of its own', but({ health: async () => ({ state: 'fine' }) })],
  ['describe throws', but({ describe: throwing })],
  ['describe never settles', but({ describe: never })],
  ['describe says nothing', but({ describe: async () => undefined })],
  ['describe says slots that are no number', but({ describe: described({ slots: Number.NaN }) })],
  ['describe says no workload', but({ describe: described({ workloads: [] }) })],
  ['generate throws in its own turn', but({ generate: throwing })],
  ['generate gives nothing to iterate', but({ generate: () => ({}) })],
  ['generate yields what is no batch', but({ generate: () => yielding(null) })],
  ['generate yields what is no event', but({ generate: () => yielding([undefined]) })],
  ['generate never yields', but({ generate: () => ({ [Symbol.asyncIterator]: () => ({ next: never }) }) })],
  ['generate ends without an end', but({ generate: () => yielding([{ type: 'token', text: 'x' }]) })],
  ['generate ignores a cancel', but({ generate: ignoringCancel })],
  ['lost rejects', but({ lost: lostForNoReason })],
  ['lost settles with what is no error', but({ lost: Promise.resolve('gone') })],
  ['close throws', but({ lost: dying(), close: throwing })],
  ['close rejects', but({ lost: dying(), close: rejecting })],
  ['close never settles', but({ lost: dying(), close: never })],
];

/** Answers a decode of one token; any other yields once and then never again. */
function ignoringCancel({ maxTokens }: { readonly maxTokens: number }): AsyncIterable<unknown> {
  if (maxTokens === 1) return yielding([{ type: 'end' }]);
  let yielded = false;
  const next = () => {
    if (yielded) return never();
    yielded = true;
    return Promise.resolve({ done: false, value: [{ type: 'token', text: 'x' }] });
  };
  return { [Symbol.asyncIterator]: () => ({ next }) } as AsyncIterable<unknown>;
}

const unhandled: unknown[] = [];
const keep = (error: unknown) => void unhandled.push(error);
beforeAll(() => void process.on('unhandledRejection', keep));
afterAll(() => void process.off('unhandledRejection', keep));

describe('an adapter whose', () => {
  it.each(BAD)(
    '%s is isolated and counted, and its breaker opens (OC-POOL-3002, OC-POOL-3011, ORCH-3053)',
    async (_how, connect) => {
      const sound = supervised({ id: 'sound' });
      sound.begin();
      const bad = supervised();
      bad.adapter.connect = connect as never;
      bad.begin();
      await settle();
      for (let minute = 0; minute < 4; minute++)
        await Promise.all([sound.clock.advance(60_000), bad.clock.advance(60_000)]);
      expect([bad.replica.state, bad.replica.breaker, bad.told.at(-1)]).toEqual(['failed', 'open', 'failed']);
      expect(bad.replica.lastError?.message.length).toBeGreaterThan(10);
      const reasons = (await bad.metrics.text()).match(/engine_restarts_total\{.*\} 2/g);
      expect(reasons).toHaveLength(1);
      expect([sound.replica.ready, sound.replica.epoch]).toEqual([true, 1]);
      const stopped = bad.stop();
      await bad.clock.advance(30_000);
      await stopped;
      expect([bad.clock.pending, unhandled]).toEqual([0, []]);
    },
  );

  it('connect hung once is tried again, and serves then (OC-POOL-3002)', async () => {
    const { adapter, begin, clock, replica } = supervised();
    adapter.onConnect = (_connection, attempt) => (attempt === 1 ? never() : undefined);
    begin();
    await clock.advance(10_000 + 1_000 + 15_000);
    expect([replica.state, adapter.attempts, replica.breaker]).toEqual(['ready', 2, 'closed']);
  });

  it('health ends neither the daemon nor another pool when it throws while tasks run (OC-POOL-3005)', async () => {
    const { adapter, begin, clock, replica } = supervised();
    begin();
    await settle();
    adapter.newest.health_ = throwing;
    await clock.advance(7_000);
    expect([replica.epoch, replica.restartCount]).toEqual([2, 1]);
    expect(unhandled).toEqual([]);
  });
});
