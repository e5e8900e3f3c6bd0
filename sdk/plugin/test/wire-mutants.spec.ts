import { engineKit, runKit, type CheckResult } from '../src/conformance/index.js';
import { answerMutants } from './mutants/answer-mutants.js';
import { blockingMutants } from './mutants/blocking-mutants.js';
import { connectionMutants } from './mutants/connection-mutants.js';
import { SoundWire } from './mutants/sound-wire.js';
import { wireFixture, wirePlugin, type SoundWireClass } from './mutants/sound-wire-fixture.js';

const wireMutants = [...answerMutants, ...blockingMutants, ...connectionMutants];
const ALL_CHECKS_MS = 300_000;
/** What a check waits for a mutant that is stuck. */
const HASTY_MS = 700;
/** Timers of an HTTP client are coarse, so limits are late. */
const LIMITS_MS = 3_000;

/** Runs the checks whose names begin with `id`, or all. */
async function judge(Connection: SoundWireClass, id = '', patienceMs = 2_000): Promise<CheckResult[]> {
  const kit = engineKit(wirePlugin(Connection), { ...wireFixture, patienceMs });
  return runKit({ ...kit, checks: kit.checks.filter(({ name }) => name.startsWith(id)) });
}

describe('the checks of what engines send', () => {
  let sound: CheckResult[];
  beforeAll(async () => {
    sound = await judge(SoundWire);
  }, ALL_CHECKS_MS);

  it('pass a sound adapter, and skip only what needs an engine that decodes (ORCH-4507)', () => {
    expect(sound.filter(({ type }) => type === 'failed')).toEqual([]);
    const reasons = sound.flatMap((result) => (result.type === 'skipped' ? [result.reason] : []));
    expect([...new Set(reasons)]).toEqual(['the fixture starts no engine']);
    expect(sound.filter(({ type }) => type === 'passed').length).toBeGreaterThan(55);
  });

  it.each(wireMutants)('catch an adapter that $wrong by $caughtBy (ORCH-4507)', async ({ Connection, caughtBy }) => {
    const [result, ...others] = await judge(
      Connection,
      `${caughtBy} `,
      caughtBy.startsWith('EA-37') ? LIMITS_MS : HASTY_MS,
    );
    expect(others).toEqual([]);
    expect(result).toMatchObject({ type: 'failed', name: expect.stringContaining(caughtBy) });
    expect(String(result?.type === 'failed' && result.error)).toMatch(/^AssertionError\b.*[.;)]/s);
  });

  it('have a mutant for each of them (ORCH-4507)', () => {
    const caught = new Set(wireMutants.map(({ caughtBy }) => caughtBy));
    const passed = sound.filter(({ type, name }) => type === 'passed' && !name.startsWith('PL-'));
    expect(passed.map(({ name }) => name.split(' ')[0]!).filter((id) => !caught.has(id))).toEqual([]);
  });
});
