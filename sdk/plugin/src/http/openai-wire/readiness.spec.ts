import { EngineError } from '../../contracts/engine-error.js';
import { Readiness, unhealthy } from './readiness.js';

const awake = async (): Promise<{ isSleeping: boolean }> => ({ isSleeping: false });
const failing = (error: Error) => async (): Promise<never> => {
  throw error;
};
const SILENT = new EngineError('timeout', 'The engine did not answer in time.', { reason: 'connect' });

describe('Readiness', () => {
  it('takes silence for loading until the engine was ready once (ORCH-3055)', async () => {
    const readiness = new Readiness(60_000);
    expect((await readiness.ask(failing(SILENT))).state).toBe('loading');
    expect(await readiness.ask(awake)).toEqual({ state: 'ready' });
    expect(await readiness.ask(failing(SILENT))).toEqual({ state: 'failed', reason: SILENT.message, error: SILENT });
  });

  it('takes silence for failure when loading took too long (ORCH-3055)', async () => {
    expect((await new Readiness(0).ask(failing(SILENT))).state).toBe('failed');
  });

  it('never takes a dead engine for a loading one, and believes one that says so (ORCH-3055)', async () => {
    const readiness = new Readiness(60_000);
    expect((await readiness.ask(failing(unhealthy(503)))).state).toBe('failed');
    const loading = new EngineError('unavailable', 'still loading', { reason: 'loading' });
    expect((await readiness.ask(failing(loading))).state).toBe('loading');
  });

  it('says that an engine sleeps (ORCH-3055)', async () => {
    const asleep = async () => ({ isSleeping: true });
    expect(await new Readiness(1).ask(asleep)).toEqual({ state: 'ready', reason: 'sleeping' });
  });

  it('hides no mistake of its own adapter (ORCH-4507)', async () => {
    await expect(new Readiness(1).ask(failing(new TypeError('bug')))).rejects.toThrow(TypeError);
  });
});
