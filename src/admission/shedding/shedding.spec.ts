import { FakeClock } from '../../../test/support/fake-clock.js';
import { poolOf } from '../../../test/support/pools.js';
import { parseConfig } from '../../config/index.js';
import { AppError } from '../../kernel/errors.js';
import { SeededRandom } from '../../kernel/random.js';
import { Metrics } from '../../observability/metrics.js';
import { type Pool } from '../../pools/pool.js';
import { type Task } from '../../tasks/task.js';
import { Shedding } from './shedding.js';

const SLO = { interactive: { ttft_p95_ms: 100 } };

function sheddingWith(slo: object | undefined) {
  const clock = new FakeClock();
  const metrics = new Metrics();
  const [a, b] = [poolOf('a'), poolOf('b')];
  const config = parseConfig({ pools: [a.config, b.config], ...(slo && { slo }) });
  const shedding = new Shedding(config.slo, [a.id, b.id], { clock, random: new SeededRandom(1), metrics });
  /** Every second a first token that took `ms`. */
  const serve = (ms: number, seconds: number, priority = 'interactive') => {
    for (let second = 0; second < seconds; second++) {
      clock.leap(1_000);
      const firstTokenAt = clock.now();
      shedding.firstToken({ poolId: a.id, firstTokenAt, request: { priority, receivedAt: firstTokenAt - ms } } as Task);
    }
  };
  return { clock, metrics, shedding, serve, a, b };
}

function refusalOf(shedding: Shedding, pool: Pool, priority: 'interactive' | 'batch'): AppError | undefined {
  try {
    shedding.refuse(pool, priority);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  return undefined;
}

describe('Shedding', () => {
  it('refuses batch tasks of a pool whose interactive tasks waited more than twice the target for a minute (ORCH-3040)', () => {
    const { shedding, serve, a, b } = sheddingWith(SLO);
    serve(201, 60);
    expect(shedding.isOpen(a.id)).toBe(false);
    serve(201, 2);
    expect(refusalOf(shedding, a, 'batch')).toMatchObject({
      code: 'ADMISSION_REJECT',
      members: { engine: 'fake', pool_id: 'a', policy_label: 'reject' },
    });
    expect([refusalOf(shedding, a, 'interactive'), refusalOf(shedding, b, 'batch')]).toEqual([undefined, undefined]);
  });

  it.each([
    ['the p95 is not above twice the target', 200, 'interactive'],
    ['batch tasks alone are slow', 9_000, 'batch'],
  ])('refuses nobody when %s (ORCH-3040)', (_when, ms, priority) => {
    const { shedding, serve, a } = sheddingWith(SLO);
    serve(ms, 200, priority);
    expect(refusalOf(shedding, a, 'batch')).toBeUndefined();
  });

  it('refuses nobody for one slow moment (ORCH-3040)', () => {
    const { clock, shedding, serve, a } = sheddingWith(SLO);
    serve(9_000, 25);
    clock.leap(120_000);
    expect(refusalOf(shedding, a, 'batch')).toBeUndefined();
  });

  it('takes them again after a minute below the target, at the time it told (ORCH-3040, ORCH-4304)', () => {
    const { clock, shedding, serve, a } = sheddingWith(SLO);
    serve(300, 70);
    serve(50, 32);
    const { retry_after_ms: waitMs } = refusalOf(shedding, a, 'batch')!.members;
    expect(waitMs).toBeGreaterThan(50_000);
    clock.leap(waitMs!);
    expect(refusalOf(shedding, a, 'batch')).toBeUndefined();
  });

  it('waits as long as it is told to (ORCH-3040)', () => {
    const { shedding, serve, a } = sheddingWith({ ...SLO, shed_after_ms: 5_000, recover_after_ms: 10_000 });
    serve(300, 7);
    expect(shedding.isOpen(a.id)).toBe(true);
    serve(50, 12);
    expect(shedding.isOpen(a.id)).toBe(true);
    serve(50, 3);
    expect(shedding.isOpen(a.id)).toBe(false);
  });

  it('shows its breakers and how well the target is met (ORCH-4901, ORCH-3041)', async () => {
    const { metrics, serve } = sheddingWith(SLO);
    serve(50, 3);
    serve(300, 1);
    expect(await metrics.text()).toContain('llama_orch_slo_attainment{priority="interactive"} 0.75');
    serve(300, 80);
    const text = await metrics.text();
    expect(text).toContain('llama_orch_breaker_state{pool_id="a",kind="shed"} 1');
    expect(text).toContain('llama_orch_breaker_state{pool_id="b",kind="shed"} 0');
  });

  it('is idle without objectives (ORCH-3040)', async () => {
    const { clock, metrics, shedding, serve, a } = sheddingWith(undefined);
    serve(60_000, 200);
    expect([refusalOf(shedding, a, 'batch'), clock.pending]).toEqual([undefined, 0]);
    expect(await metrics.text()).not.toContain('llama_orch_breaker_state{');
  });
});
