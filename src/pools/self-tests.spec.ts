import { settle } from '../../test/support/fake-clock.js';
import { supervised } from '../../test/support/supervised.js';

const NAMES = ['preload', 'decode', 'cancel', 'telemetry'];

async function begun(prepare: Parameters<typeof supervised>[0] = {}, facts: object = {}) {
  const world = supervised(facts);
  world.adapter.onConnect = (connection, attempt) => {
    if (attempt === 1) Object.assign(connection, prepare);
  };
  world.begin();
  await settle();
  return world;
}

describe('the self-tests of a start', () => {
  it('all pass before the replica is Ready: preload, decode, cancel, telemetry (ORCH-3049, OC-POOL-3001)', async () => {
    const { logger, metrics, replica } = await begun();
    expect(replica.ready).toBe(true);
    expect(replica.selfTests.map(({ test, result }) => [test, result])).toEqual(NAMES.map((name) => [name, 'ok']));
    expect(logger.of('self_test').map(({ fields }) => fields['test'])).toEqual(NAMES);
    expect(await metrics.text()).toContain('llama_orch_model_load_seconds_count{pool_id="p"} 1');
  });

  it('cancel a decode while it runs, and wait until the engine has let it go (ORCH-3049, ORCH-3017)', async () => {
    const signals: AbortSignal[] = [];
    const { adapter, replica } = await begun({
      selfTest: (run: { signal: AbortSignal; tokens: (text: string) => void }) => {
        signals.push(run.signal);
        run.tokens('x');
      },
    });
    expect([signals.length, signals[0]?.aborted, replica.ready]).toEqual([1, true, true]);
    expect(adapter.newest.runs).toEqual([]);
  });

  it.each<readonly [string, object, string, string]>([
    ['preload', { health_: () => ({ state: 'failed', reason: 'no weights' }) }, 'unavailable', 'no weights'],
    ['preload', { description: { slots: 0 } }, 'adapter', 'wrong engineVersion'],
    ['decode', { preload: (run: { close(): void }) => run.close() }, 'internal', 'did not finish'],
    [
      'cancel',
      { selfTest: (run: { fail(e: Error): void }) => run.fail(new Error('no cancel here')) },
      'internal',
      'no cancel here',
    ],
  ])(
    'keep the replica Unready when %s fails, and name it (ORCH-3049, OC-POOL-3003)',
    async (test, prepare, code, message) => {
      const { clock, logger, replica } = await begun(prepare);
      expect([replica.ready, replica.lastError]).toEqual([
        false,
        expect.objectContaining({ code, self_test: test, message: expect.stringContaining(message) }),
      ]);
      expect(logger.of('self_test').at(-1)).toMatchObject({ level: 'warn', fields: { test, result: 'failed' } });
      await clock.advance(1000);
      expect([replica.ready, replica.lastError]).toEqual([true, undefined]);
    },
  );

  it('find an engine that keeps the slot of a cancelled decode (ORCH-3049, ORCH-3017)', async () => {
    const { clock, replica } = await begun({
      selfTest: (run: { stuck: boolean; tokens: (text: string) => void }) => {
        run.stuck = true;
        run.tokens('x');
      },
    });
    expect(replica.state).toBe('preloading');
    await clock.advance(5_000);
    expect(replica.lastError).toMatchObject({ self_test: 'cancel', code: 'reset', reason: 'slot_stuck' });
  });

  it('find an engine that goes on after a cancel (ORCH-3049, ORCH-3017)', async () => {
    const { replica } = await begun({
      selfTest: (run: { rude: boolean; tokens: (text: string) => void }) => {
        run.rude = true;
        run.tokens('x');
        run.tokens('y');
      },
    });
    expect(replica.lastError).toMatchObject({
      self_test: 'cancel',
      reason: 'adapter',
      message: expect.stringContaining('went on'),
    });
  });

  it('find a series that does not move (ORCH-3049, OC-CORE-1041)', async () => {
    const world = supervised();
    world.metrics.modelLoad.observe = () => {};
    world.begin();
    await settle();
    expect(world.replica.lastError).toMatchObject({
      self_test: 'telemetry',
      message: expect.stringContaining('did not move'),
    });
  });

  it('ask an engine without completions for no decode (ORCH-3049)', async () => {
    const world = supervised();
    world.adapter.onConnect = (connection) => {
      connection.description = { ...connection.description, workloads: ['embedding'] };
      connection.preload = connection.selfTest = () => {
        throw new Error('nobody asked for a completion');
      };
    };
    world.begin();
    await settle();
    expect(world.replica.ready).toBe(true);
  });
});
