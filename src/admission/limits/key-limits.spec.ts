import { FakeClock } from '../../../test/support/fake-clock.js';
import { QuietLogger } from '../../../test/support/quiet-logger.js';
import { parseConfig } from '../../config/index.js';
import { AppError } from '../../kernel/errors.js';
import { hashKey, newKey } from '../../kernel/key-hash.js';
import { SeededRandom } from '../../kernel/random.js';
import { Metrics } from '../../observability/metrics.js';
import { TaskTelemetry } from '../../tasks/task-telemetry.js';
import { KeyLimits } from './key-limits.js';

const HASH = hashKey(newKey('k'));

function limitsOf(limits?: object) {
  const clock = new FakeClock();
  const metrics = new Metrics();
  const { keys } = parseConfig({ auth: { keys: [{ id: 'k', hash: HASH, ...(limits && { limits }) }] } }).auth;
  const telemetry = new TaskTelemetry(metrics, new QuietLogger());
  const keyLimits = new KeyLimits(keys, { clock, random: new SeededRandom(1), metrics, telemetry });
  const pass = (keyId: string | null = 'k') => keyLimits.pass({ tenantId: 'default', keyId }, 'c');
  return { clock, metrics, keyLimits, pass };
}

function refusal(act: () => unknown): AppError {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('The limit of a key', () => {
  it('is its burst and then its rate (ORCH-3006)', () => {
    const { clock, pass } = limitsOf({ rps: 2, burst: 3 });
    for (let count = 0; count < 3; count++) pass();
    expect(refusal(pass).code).toBe('QUOTA_EXCEEDED');
    clock.leap(500);
    pass();
    expect(refusal(pass).code).toBe('QUOTA_EXCEEDED');
  });

  it('tells in structured fields what is left and when there is more (ORCH-4304)', () => {
    const { clock, pass } = limitsOf({ rps: 0.5, burst: 3 });
    expect(pass()).toEqual({ 'RateLimit-Policy': '"requests";q=3;w=6', RateLimit: '"requests";r=2;t=2' });
    clock.leap(1_500);
    expect(pass()).toMatchObject({ RateLimit: '"requests";r=1;t=1' });
    pass();
    expect(refusal(pass).headers).toEqual({
      'RateLimit-Policy': '"requests";q=3;w=6',
      RateLimit: '"requests";r=0;t=1',
    });
  });

  it('refuses with the limit and a time that is never before the reset (ORCH-2007, ORCH-4304)', () => {
    const { pass } = limitsOf({ rps: 0.01 });
    pass();
    for (let count = 0; count < 5; count++) {
      const { members, headers, retriable } = refusal(pass);
      const resetS = Number(/t=(\d+)/.exec(headers['RateLimit']!)![1]);
      expect(members).toMatchObject({
        engine: null,
        policy_label: 'reject',
        limit: { name: 'rps', value: 0.01, used: 1 },
      });
      expect(Math.ceil(members.retry_after_ms! / 1000)).toBeGreaterThanOrEqual(resetS);
      expect([retriable, resetS, members.retry_after_ms]).toEqual([true, 60, 60_000]);
    }
  });

  it('counts what it refuses (ORCH-4901)', async () => {
    const { pass, metrics } = limitsOf({ rps: 1 });
    pass();
    refusal(pass);
    const text = await metrics.text();
    expect(text).toContain('llama_orch_quota_denied_total{tenant="default",limit="rps"} 1');
    expect(text).toContain('tasks_rejected_total{engine="",reason="QUOTA_EXCEEDED"} 1');
  });

  it('is none for a key without one, and without keys (ORCH-3006)', () => {
    const { pass, keyLimits } = limitsOf();
    for (let count = 0; count < 1_000; count++) expect([pass(), pass(null)]).toEqual([{}, {}]);
    expect(keyLimits.limitOf({ tenantId: 'default', keyId: 'k' })).toBeUndefined();
  });
});
