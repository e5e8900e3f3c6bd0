import { settle } from '../../../test/support/fake-clock.js';
import { SchedulerRig } from '../../../test/support/scheduler-rig.js';
import { type Task } from '../../tasks/task.js';
import { AdaptiveSlots } from './adaptive-slots.js';

const ADAPTIVE = { slots: 8, queue: { capacity: 100 }, adaptive_concurrency: { enabled: true, max: 6 } };

async function adaptiveRig(pool: Readonly<Record<string, unknown>> = ADAPTIVE): Promise<SchedulerRig> {
  const rig = await SchedulerRig.ready({ pool });
  const adaptive = new AdaptiveSlots(rig.pools, rig.scheduler);
  rig.telemetry.addListener({ ended: (task) => adaptive.ended(task) });
  return rig;
}

/** Lets the running tasks answer with ten tokens each, `msPerToken` apart. */
async function answerAll(rig: SchedulerRig, msPerToken: number): Promise<void> {
  const running: Task[] = rig.tasks.filter((task) => rig.adapter.runOf(task.request.id)?.live === true);
  for (const task of running) rig.runOf(task).tokens('x');
  await rig.clock.advance(9 * msPerToken);
  for (const task of running) {
    rig.runOf(task).tokens(...Array<string>(9).fill('x'));
    rig.runOf(task).end();
  }
  await settle();
}

async function answerUntilIdle(rig: SchedulerRig, msPerToken: (busy: number) => number): Promise<number[]> {
  const used: number[] = [];
  while (rig.busy > 0) {
    used.push(rig.busy);
    await answerAll(rig, msPerToken(rig.busy));
  }
  return used;
}

describe('Adaptive slots', () => {
  it('begin with the least, and use as many as the engine carries at its best pace (ORCH-3019)', async () => {
    const rig = await adaptiveRig();
    for (let count = 0; count < 60; count++) rig.submit();
    const used = await answerUntilIdle(rig, () => 10);
    expect([used[0], Math.max(...used), rig.pool.slotsTotal]).toEqual([1, 6, 6]);
  });

  it('give slots up when the engine falls behind, without cutting off a task (ORCH-3019)', async () => {
    const rig = await adaptiveRig();
    for (let count = 0; count < 100; count++) rig.submit();
    const used = await answerUntilIdle(rig, (busy) => (busy <= 3 ? 10 : 10 * busy));
    expect(used.slice(-6).every((busy) => busy >= 1 && busy <= 4)).toBe(true);
    expect(rig.tasks.every((task) => task.state === 'completed')).toBe(true);
  });

  it('are all the slots of a pool that does not ask for them (ORCH-3019)', async () => {
    const rig = await adaptiveRig({ slots: 8, queue: { capacity: 100 } });
    for (let count = 0; count < 40; count++) rig.submit();
    expect(new Set(await answerUntilIdle(rig, (busy) => 10 * busy))).toEqual(new Set([8]));
  });

  it('are kept for the next start of the engine (ORCH-3019)', async () => {
    const rig = await adaptiveRig();
    for (let count = 0; count < 20; count++) rig.submit();
    await answerUntilIdle(rig, () => 10);
    const learnt = rig.pool.slotsTotal;
    rig.adapter.newest.die();
    await rig.clock.advance(5_000);
    expect(learnt).toBeGreaterThan(1);
    expect([rig.pool.ready, rig.pool.slotsTotal]).toEqual([true, learnt]);
  });
});
