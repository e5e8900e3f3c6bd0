import { DESCRIPTION } from '../../test/support/fake-engine.js';
import { settle } from '../../test/support/fake-clock.js';
import { SchedulerRig } from '../../test/support/scheduler-rig.js';
import { type Served } from '../pools/generation.js';
import { canServe } from './task-fit.js';

const NEVER = new AbortController().signal;

const served = (more: Partial<Served> = {}): Served => ({ modelNames: ['m'], description: DESCRIPTION, ...more });

describe('What a model can serve', () => {
  it.each<readonly [string, boolean, Partial<Served>, object]>([
    ['a task that asks for it by a name', true, {}, {}],
    ['a task that asks for another one', false, {}, { modelRef: 'other' }],
    ['a task by its name alone while its engine is unknown', true, { description: undefined }, { maxTokens: 1e6 }],
    ['a task that fits into its context', true, {}, { maxTokens: 4093 }],
    ['a task that does not', false, {}, { maxTokens: 4094 }],
    ['a workload that its engine lacks', false, {}, { workload: 'embedding' }],
  ])('%s: %s (ORCH-3031, ORCH-2102)', async (_, answer, model, request) => {
    const rig = await SchedulerRig.ready();
    expect(canServe(rig.task(request), served(model))).toBe(answer);
  });

  it('is no task that was cut off while another model answered (ORCH-3031)', async () => {
    const rig = await SchedulerRig.ready();
    const task = rig.submit();
    rig.runOf(task).tokens('a');
    await settle();
    expect(canServe(task, served())).toBe(true);
    expect(canServe(task, served({ description: { ...DESCRIPTION, modelDigest: 'sha256:other' } }))).toBe(false);
    expect(canServe(task, served({ description: { ...DESCRIPTION, engineVersion: 'fake-2' } }))).toBe(false);
  });
});

describe('The traffic of a pool', () => {
  it('is held, counted and opened again, and nobody loses the place in line (ORCH-2101, ORCH-3031, ORCH-4505)', async () => {
    const rig = await SchedulerRig.ready();
    const { traffic } = rig.scheduler;
    const running = rig.submit();
    traffic.hold(rig.pool);
    const waiting = [rig.submit(), rig.submit({ modelRef: 'other' })];
    const count = () => [traffic.running(rig.pool, rig.pool.replicas), traffic.waiting(rig.pool)];
    expect(count()).toEqual([1, 2]);
    expect(traffic.waiting(rig.pool, served())).toBe(1);
    rig.runOf(running).end();
    await traffic.until(() => traffic.running(rig.pool, rig.pool.replicas) === 0, NEVER);
    expect(count()).toEqual([0, 2]);
    traffic.open(rig.pool);
    expect([waiting[0]!.state, waiting[1]!.state]).toEqual(['dispatched', 'queued']);
  });

  it('ends those who wait for another model, and those who run, each with one terminal frame (ORCH-2101, ORCH-4201)', async () => {
    const rig = await SchedulerRig.ready();
    const { traffic } = rig.scheduler;
    const [running, waiting, stranger] = [rig.submit(), rig.submit(), rig.submit({ modelRef: 'other' })];
    expect(traffic.endWaiting(rig.pool, 'gone', served())).toBe(1);
    expect([stranger.state, waiting.state]).toEqual(['failed', 'queued']);
    expect(stranger.error).toMatchObject({ code: 'POOL_UNAVAILABLE', message: 'gone' });
    traffic.hold(rig.pool);
    expect(traffic.endRunning(rig.pool, rig.pool.replicas, 'gone')).toBe(1);
    expect(running.state).toBe('failed');
    await settle();
    expect([waiting.state, rig.busy]).toEqual(['queued', 0]);
  });

  it('gives a task that loses its engine to no replica of another model (ORCH-3031, ORCH-4211)', async () => {
    const rig = await SchedulerRig.ready();
    const task = rig.submit();
    rig.scheduler.traffic.retire(rig.pool, rig.pool.replicas[0]!);
    rig.adapter.newest.die();
    await settle();
    expect(task.error).toMatchObject({ code: 'WORKER_RESET' });
  });
});
