import { oneFleet, run, workloadOf } from '../../../test/support/simulator-rig.js';
import { GENERATORS, type GeneratorName, generate } from './generators.js';
import { type Outcomes } from './outcomes.js';

const TASKS = 300;
const NAMES = Object.keys(GENERATORS) as GeneratorName[];
const smallFleet = oneFleet(
  { count: 2, slots: 2, prefill_tps: 2000, decode_tps: 40, slowdown: 0.05 },
  { queue: { capacity: 12 } },
);
const generated = (name: GeneratorName, seed = 1) => generate(name, { tasks: TASKS, load: 1.1 }, smallFleet, seed);
const times = (outcomes: Outcomes, number: number) => ({
  started: outcomes.startedAt[number],
  firstToken: outcomes.firstTokenAt[number],
  ended: outcomes.endedAt[number],
});

describe('a virtual engine', () => {
  it('takes the time of prompt and answer, one after the other on one slot (ORCH-4955)', () => {
    const { observer } = run(workloadOf({}, {}), oneFleet());
    expect(times(observer.outcomes, 0)).toEqual({ started: 0, firstToken: 100, ended: 1100 });
    expect(times(observer.outcomes, 1)).toEqual({ started: 1100, firstToken: 1200, ended: 2200 });
  });

  it('runs slots side by side, and slower when they feel each other (ORCH-4955)', () => {
    const apart = run(workloadOf({}, {}), oneFleet({ slots: 2 }));
    expect(apart.report.makespan_ms).toBe(1100);
    const together = run(workloadOf({}, {}), oneFleet({ slots: 2, slowdown: 0.5 }));
    expect(together.report.makespan_ms).toBe(1650);
  });

  it('is as busy as its slots were (ORCH-4955)', () => {
    const { report } = run(workloadOf({}, {}, {}), oneFleet({ slots: 2 }));
    expect(report.replicas).toEqual([{ replica_id: 'p-0', utilisation: 0.75 }]);
  });
});

describe.each(NAMES)('the workload %s', (name) => {
  it('has one history per seed, and in it every task ends exactly once (ORCH-4955)', () => {
    const { report, observer } = run(generated(name), smallFleet);
    expect(run(generated(name), smallFleet).report).toEqual(report);
    expect(run(generated(name, 2), smallFleet, 2).report.decisions_sha256).not.toBe(report.decisions_sha256);
    expect(Object.values(report.fates).reduce((sum, count) => sum + count, 0)).toBe(TASKS);
    expect(report.fates.completed).toBeGreaterThan(TASKS / 2);
    expect(observer.timeline.last).toEqual({ waiting: 0, busySlots: 0 });
  });
});

describe('callers', () => {
  it('come again when they were told to, and find the place that was kept for them (ORCH-4406)', () => {
    const tasks = Array.from({ length: 6 }, () => ({ retries: 3 }));
    const { report } = run(workloadOf(...tasks), oneFleet({}, { queue: { capacity: 2 } }));
    expect(report.fates.completed).toBe(6);
    expect(report.predictions).toMatchObject({ retried: 3 });
  });

  it.each([
    ['as fast as it was declared', 100],
    ['a fifth as fast as it was declared', 20],
    ['five times as fast as it was declared', 500],
  ])('of a flood find a place at the first retry: the engine is %s (ORCH-4304, OC-CLI-2802)', (_how, decode_tps) => {
    const fleet = oneFleet({ decode_tps }, { perf: { prefill_tps: 1000, decode_tps: 100 }, queue: { capacity: 8 } });
    const task = { promptTokens: 1, outputTokens: 5, maxTokens: 5, expectedTokens: 5, retries: 1 };
    // The pool has to know its own speed.
    const warm = Array.from({ length: 5 }, (_, at) => ({ ...task, arrivalMs: at * 1_000 }));
    const flood = Array.from({ length: 49 }, (_, at) => ({ ...task, arrivalMs: 10_000 + at / 10 }));
    const { report } = run(workloadOf(...warm, ...flood), fleet);
    expect(report.predictions.retried).toBe(40);
    expect(report.predictions.first_retry_rate).toBeGreaterThanOrEqual(0.95);
  });

  it('give up after their retries, and that is their one end (ORCH-4955)', () => {
    const tasks = Array.from({ length: 3 }, () => ({}));
    const { report } = run(workloadOf(...tasks), oneFleet({}, { queue: { capacity: 1 } }));
    expect(report.fates).toMatchObject({ completed: 2, refused: 1 });
    expect(report.refusals).toEqual({ ADMISSION_REJECT: 1 });
  });

  it('lose their patience: a waiting task and a running one are cancelled and free their places (ORCH-4955)', () => {
    const { report, observer } = run(workloadOf({ cancelAfterMs: 600 }, { cancelAfterMs: 500 }, {}), oneFleet());
    expect(report.fates).toMatchObject({ cancelled: 2, completed: 1 });
    expect(times(observer.outcomes, 2).started).toBe(600);
    expect(observer.outcomes.tokensOut[0]).toBe(6);
  });
});

describe('deadlines', () => {
  it('that cannot be met are refused, and those that pass end their task (ORCH-3079, ORCH-4405)', () => {
    const fleet = oneFleet({}, { perf: { prefill_tps: 1000, decode_tps: 1000 } });
    const { report } = run(workloadOf({ deadlineMs: 50 }, { deadlineMs: 600 }, { deadlineMs: 5_000 }), fleet);
    expect(report.refusals).toEqual({ DEADLINE_UNMET: 1 });
    expect(report.fates).toMatchObject({ refused: 1, expired: 1, completed: 1 });
    expect(report.deadlines).toEqual({ tasks: 3, met: 1, ratio: 0.3333 });
    expect(report.goodput_tokens_per_s).toBeLessThan(report.throughput_tokens_per_s);
  });

  it('do not stop a running task where it may finish late (ORCH-4411)', () => {
    const fleet = oneFleet(
      {},
      { perf: { prefill_tps: 1000, decode_tps: 1000 } },
      { scheduler: { on_deadline: 'finish' } },
    );
    const { report } = run(workloadOf({ deadlineMs: 600 }), fleet);
    expect(report).toMatchObject({ fates: { completed: 1 }, deadlines: { met: 0 } });
  });
});

describe('a replica that dies', () => {
  const dies = (at_ms: number, back_ms?: number) => oneFleet({ faults: [{ at_ms, back_ms }] });

  it('before the first token costs its task the place, once (ORCH-4955)', () => {
    const { report, observer } = run(workloadOf({}), dies(50, 5_000));
    expect(report).toMatchObject({ requeues: 1, fates: { completed: 1 } });
    expect(times(observer.outcomes, 0)).toEqual({ started: 0, firstToken: 5_100, ended: 6_100 });
  });

  it('fails a task that streams, and takes up the queue when it is back (ORCH-4955)', () => {
    const { report, observer } = run(workloadOf({}, {}), dies(600, 5_000));
    expect(report.fates).toMatchObject({ failed: 1, completed: 1 });
    expect(times(observer.outcomes, 1).started).toBe(5_000);
    expect(observer.outcomes.codeOf(0)).toBe('WORKER_RESET');
  });

  it('for good ends what waits, and refuses what comes (ORCH-4955)', () => {
    const { report } = run(workloadOf({}, {}, { arrivalMs: 700, retries: 5 }), dies(600));
    expect(report.fates).toMatchObject({ failed: 2, refused: 1 });
    expect(report.refusals).toEqual({ POOL_UNREADY: 1 });
  });

  it('sends callers away until it is back, and then serves them (ORCH-4955)', () => {
    const { report, observer } = run(workloadOf({ arrivalMs: 700, retries: 5 }), dies(600, 5_000));
    expect(report).toMatchObject({ fates: { completed: 1 }, refusals: { POOL_UNREADY: 1 } });
    expect(times(observer.outcomes, 0).started).toBe(5_000);
  });
});

describe('pools', () => {
  it('are chosen by model, then as the server chooses (ORCH-4401)', () => {
    const replicas = [{ prefill_tps: 1000, decode_tps: 10 }];
    const pools = ['a', 'b'].map((id) => ({ id, model: id, replicas }));
    const { observer } = run(workloadOf({ model: 'b' }, { model: 'b' }, { model: 'a' }), oneFleet({}, {}, { pools }));
    expect([0, 1, 2].map((number) => times(observer.outcomes, number).started)).toEqual([0, 1100, 0]);
    const any = run(workloadOf({}, {}), oneFleet({}, {}, { pools }));
    expect(any.report.makespan_ms).toBe(1100);
  });

  it('are looked at together before a deadline is refused (ORCH-3079, ORCH-4405)', () => {
    const pools = [
      { id: 'a', perf: { decode_tps: 1 }, replicas: [{ prefill_tps: 1000, decode_tps: 1 }] },
      { id: 'b', perf: { decode_tps: 10 }, replicas: [{ prefill_tps: 1000, decode_tps: 10 }] },
    ];
    const soon = { expectedTokens: 11, deadlineMs: 5_000 };
    const { report } = run(workloadOf(soon, { ...soon, deadlineMs: 500 }), oneFleet({}, {}, { pools }));
    expect(report).toMatchObject({ fates: { completed: 1, refused: 1 }, refusals: { DEADLINE_UNMET: 1 } });
  });
});

describe('hard preemption', () => {
  it('suspends batch work, which goes on later and loses the repeated work alone (ORCH-3085)', () => {
    const preemption = { mode: 'hard' };
    const fleet = oneFleet({ interruptible: true }, {}, { preemption });
    const { report, observer } = run(workloadOf({ priority: 'batch' }, { arrivalMs: 600 }), fleet);
    expect(report.fates.completed).toBe(2);
    expect(times(observer.outcomes, 1)).toEqual({ started: 600, firstToken: 700, ended: 1_700 });
    expect(times(observer.outcomes, 0)).toEqual({ started: 0, firstToken: 100, ended: 2_800 });
  });
});

it('an hour of traffic is a matter of virtual time alone (ORCH-4955)', () => {
  const workload = generate('steady', { tasks: 900, rate: 0.25 }, smallFleet, 1);
  const { report } = run(workload, smallFleet);
  expect(report.makespan_ms).toBeGreaterThan(3_400_000);
  expect(report.fates.completed).toBe(900);
});
