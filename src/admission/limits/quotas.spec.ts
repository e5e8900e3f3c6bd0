import fc from 'fast-check';
import { settle } from '../../../test/support/fake-clock.js';
import { SchedulerRig } from '../../../test/support/scheduler-rig.js';
import { parseConfig } from '../../config/index.js';
import { AppError } from '../../kernel/errors.js';
import { SeededRandom } from '../../kernel/random.js';
import { type Task, type TaskRequest } from '../../tasks/task.js';
import { Quotas } from './quotas.js';

interface Setup {
  readonly tenants?: readonly object[];
  readonly pool?: Readonly<Record<string, unknown>>;
}

/** A scheduler whose every task passes the quotas first. */
async function guarded({ tenants = [], pool = {} }: Setup) {
  const rig = await SchedulerRig.ready({ pool: { slots: 2, queue: { capacity: 4 }, ...pool } });
  const { clock, metrics, registry, scheduler } = rig;
  const config = parseConfig({ tenants });
  const quotas = new Quotas(config.tenants, { clock, random: new SeededRandom(5), metrics, registry, scheduler });
  rig.telemetry.addListener({ ended: (task) => quotas.ended(task) });
  const submit = scheduler.submit.bind(scheduler);
  scheduler.submit = (task) => quotas.lend(task, rig.pool, () => submit(task));
  return Object.assign(rig, { quotas });
}

type Rig = Awaited<ReturnType<typeof guarded>>;

function outcome(rig: Rig, facts: Partial<TaskRequest> = {}): string {
  try {
    rig.submit(facts);
    return 'admitted';
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.members.limit?.name ?? error.code;
  }
}

/** Lets a running task answer with `tokens` tokens. */
async function answer(rig: Rig, task: Task, tokens: number): Promise<void> {
  await settle();
  rig.runOf(task).tokens(...Array<string>(tokens).fill('x'));
  rig.runOf(task).end();
  await settle();
}

describe('max_concurrent', () => {
  const tenants = [{ id: 'a', max_concurrent: 2 }, { id: 'b' }];

  it('bounds the waiting and running tasks of its tenant alone (ORCH-3077, ORCH-3036)', async () => {
    const rig = await guarded({ tenants });
    const tasks = ['a', 'a', 'a', 'b', 'b', 'stranger'].map((tenantId) => outcome(rig, { tenantId }));
    expect(tasks).toEqual(['admitted', 'admitted', 'max_concurrent', 'admitted', 'admitted', 'admitted']);
  });

  it('names the limit, its value and its use, and when one of the tasks ends (ORCH-2007, ORCH-4304)', async () => {
    const rig = await guarded({ tenants, pool: { perf: { prefill_tps: 1_000, decode_tps: 10 } } });
    rig.submit({ tenantId: 'a', maxTokens: 10 });
    rig.submit({ tenantId: 'a', maxTokens: 100 });
    const waits = Array.from({ length: 3 }, () => rig.refusal({ tenantId: 'a' }).members);
    expect(waits[0]).toMatchObject({
      ...{ engine: 'fake', pool_id: 'p', policy_label: 'reject' },
      limit: { name: 'max_concurrent', value: 2, used: 2 },
    });
    const [first, second, third] = waits.map((members) => members.retry_after_ms!);
    expect(first).toBeGreaterThanOrEqual(1_000);
    expect(first).toBeLessThan(1_200);
    expect(second).toBeGreaterThan(first!);
    expect(third).toBeGreaterThan(second!);
  });

  it('lets a caller in who waits as told (ORCH-4304)', async () => {
    const rig = await guarded({ tenants, pool: { perf: { prefill_tps: 1_000, decode_tps: 10 } } });
    const task = rig.submit({ tenantId: 'a', maxTokens: 10, expectedTokens: 10 });
    rig.submit({ tenantId: 'a', maxTokens: 1_000 });
    const { retry_after_ms: waitMs } = rig.refusal({ tenantId: 'a' }).members;
    await rig.clock.advance(1_003);
    await answer(rig, task, 10);
    await rig.clock.advance(waitMs! - 1_003);
    expect(outcome(rig, { tenantId: 'a' })).toBe('admitted');
  });

  it('is free again after every kind of end, and never more than once (ORCH-3077)', async () => {
    const rig = await guarded({
      tenants: [{ id: 'a', max_concurrent: 3 }],
      pool: { slots: 1, queue: { capacity: 2 } },
    });
    const live = () => rig.registry.liveOf('a').size;
    const steps = fc.array(fc.constantFrom('submit', 'cancel', 'answer', 'fail', 'wait', 'shut'), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        for (const step of plan) {
          const tasks = rig.tasks.filter((task) => !task.ended);
          const running = tasks.find((task) => rig.adapter.runOf(task.request.id)?.live);
          if (step === 'submit') outcome(rig, { tenantId: 'a', deadlineMs: 50 });
          if (step === 'cancel' && tasks.length > 0) rig.scheduler.cancel(tasks.at(-1)!, 'disconnect');
          if (step === 'answer' && running !== undefined) await answer(rig, running, 1);
          if (step === 'fail' && running !== undefined) rig.runOf(running).fail(new Error('broken'));
          if (step === 'wait') await rig.clock.advance(60);
          if (step === 'shut') rig.scheduler.shutDown();
          await settle();
          expect(live()).toBe(rig.tasks.filter((task) => !task.ended).length);
          expect(live()).toBeLessThanOrEqual(3);
        }
        rig.scheduler.shutDown();
        await settle();
        expect(live()).toBe(0);
      }),
      { numRuns: 30, seed: 11 },
    );
  });
});

describe('Rates of tenants and classes', () => {
  it('count the tasks of their tenant, and are steady after the burst (ORCH-3077, ORCH-3036)', async () => {
    const rig = await guarded({
      tenants: [
        { id: 'a', rps: 2 },
        { id: 'b', rps: 1 },
      ],
      pool: { queue: { capacity: 100 } },
    });
    const of = (tenantId: string, count: number) => Array.from({ length: count }, () => outcome(rig, { tenantId }));
    expect([of('a', 3), of('b', 2)]).toEqual([
      ['admitted', 'admitted', 'rps'],
      ['admitted', 'rps'],
    ]);
    await rig.clock.advance(500);
    expect([of('a', 2), of('b', 1)]).toEqual([['admitted', 'rps'], ['rps']]);
    expect(await rig.series('llama_orch_quota_denied_total{tenant="a",limit="rps"}')).toBe(2);
  });

  it('count the tasks of their class in the pool (ORCH-3036)', async () => {
    const priorities = [{ name: 'batch', rate_limit_rps: 1 }];
    const rig = await guarded({ pool: { admission: { priorities } } });
    const classes = ['batch', 'batch', 'interactive', 'interactive'] as const;
    expect(classes.map((priority) => outcome(rig, { priority }))).toEqual([
      ...['admitted', 'rate_limit_rps', 'admitted', 'admitted'],
    ]);
    expect([rig.quotas.opens(rig.pool, 'batch'), rig.quotas.opens(rig.pool, 'interactive')]).toEqual([false, true]);
    expect(rig.refusal({ priority: 'batch' }).members).toMatchObject({
      limit: { name: 'rate_limit_rps', value: 1, used: 1 },
    });
  });

  it('all count, where a task meets several (ORCH-3036, ORCH-3077)', async () => {
    const tenants = [{ id: 'a', rps: 2, tokens_per_min: 100 }];
    const priorities = [{ name: 'interactive', rate_limit_rps: 2 }];
    const rig = await guarded({ tenants, pool: { admission: { priorities }, queue: { capacity: 50 } } });
    const facts = { tenantId: 'a', maxTokens: 37 }; // and a prompt of 3
    expect([outcome(rig, facts), outcome(rig, facts), outcome(rig, facts)]).toEqual([
      ...['admitted', 'admitted', 'rate_limit_rps'],
    ]);
    expect(outcome(rig, { ...facts, priority: 'batch' })).toBe('rps');
    await rig.clock.advance(1_000);
    expect(outcome(rig, facts)).toBe('tokens_per_min');
  });

  it('take nothing for a task that another limit refuses (ORCH-4401)', async () => {
    const rig = await guarded({ tenants: [{ id: 'a', rps: 1, max_concurrent: 1 }] });
    const first = rig.submit({ tenantId: 'a' });
    await rig.clock.advance(1_000);
    expect(outcome(rig, { tenantId: 'a' })).toBe('max_concurrent');
    rig.scheduler.cancel(first, 'client');
    expect(outcome(rig, { tenantId: 'a' })).toBe('admitted');
  });
});

describe('tokens_per_min', () => {
  const tenants = [{ id: 'a', tokens_per_min: 100 }];
  const big = { tenantId: 'a', maxTokens: 47 }; // and a prompt of 3

  it('charges prompt and longest answer, and settles by what was used (ORCH-3077, ORCH-3036)', async () => {
    const rig = await guarded({ tenants });
    const task = rig.submit(big);
    rig.submit(big);
    expect(outcome(rig, big)).toBe('tokens_per_min');
    await answer(rig, task, 7);
    expect(task.tokensIn + task.tokensOut).toBe(10);
    expect([outcome(rig, { ...big, maxTokens: 37 }), outcome(rig, { ...big, maxTokens: 1 })]).toEqual([
      ...['admitted', 'tokens_per_min'],
    ]);
  });

  it('charges the answer that is expected where the caller knows it (ORCH-3077)', async () => {
    const rig = await guarded({ tenants });
    const hinted = { ...big, expectedTokens: 2 };
    expect(Array.from({ length: 6 }, () => outcome(rig, hinted))).toEqual(Array(6).fill('admitted'));
  });

  it.each(['cancelled in the queue', 'refused by a full queue'])(
    'gives everything back for a task that was %s (ORCH-3077, ORCH-4401)',
    async (how) => {
      const rig = await guarded({ tenants, pool: { slots: 1, queue: { capacity: 1 } } });
      rig.submit();
      const waiting = rig.submit(how === 'cancelled in the queue' ? big : {});
      if (how === 'cancelled in the queue') rig.scheduler.cancel(waiting, 'client');
      else expect(outcome(rig, big)).toBe('ADMISSION_REJECT');
      for (const task of rig.tasks) rig.scheduler.cancel(task, 'client');
      await settle();
      expect(outcome(rig, { ...big, maxTokens: 97 })).toBe('admitted');
    },
  );

  it('tells a caller whose task is too large for any minute not to come again (ORCH-2007)', async () => {
    const rig = await guarded({ tenants });
    const { retriable, members, message } = rig.refusal({ ...big, maxTokens: 98 });
    expect([retriable, members.retry_after_ms, members.limit]).toEqual([
      ...[false, 60_000, { name: 'tokens_per_min', value: 100, used: 0 }],
    ]);
    expect(message).toContain('ask for less');
  });
});
