import { EngineError } from '@llama-orch/plugin-sdk';
import { settle } from '../../test/support/fake-clock.js';
import { SchedulerRig, framesOf } from '../../test/support/scheduler-rig.js';
import { type Task } from '../tasks/task.js';

const HARD = { mode: 'hard', mostPerMinute: 10, protect: ['interactive'] } as const;

/** A batch task that has brought two tokens and was cut off for an interactive one, which is through. */
async function suspended(): Promise<{ rig: SchedulerRig; task: Task }> {
  const rig = await SchedulerRig.ready({ preemption: HARD });
  const task = rig.submit({ priority: 'batch' });
  await settle();
  rig.runOf(task).tokens('one ', 'two ');
  await settle();
  const urgent = rig.submit();
  await settle();
  expect([task.state, rig.runOf(urgent).live]).toEqual(['preempted', true]);
  await rig.clock.advance(500);
  rig.runOf(urgent).end();
  await settle();
  return { rig, task };
}

const textOf = (task: Task): string =>
  framesOf(task)
    .filter(({ event }) => event === 'token')
    .map(({ data }) => data.t)
    .join('');

describe('a suspended task', () => {
  it('tells its reader, and goes on behind the last token that the reader has (ORCH-3086, ORCH-3087)', async () => {
    const { rig, task } = await suspended();
    expect(framesOf(task).at(-1)).toMatchObject({ event: 'metrics', data: { preempted: true, resumable: true } });
    rig.runOf(task).tokens('one ', 'two ', 'three');
    await settle();
    expect([task.state, textOf(task), task.tokensOut]).toEqual(['streaming', 'one two three', 3]);
    rig.runOf(task).end();
    await settle();
    expect(task.state).toBe('completed');
    expect(framesOf(task).map(({ event }) => event)).toEqual(['started', 'token', 'token', 'metrics', 'token', 'end']);
    const indexes = framesOf(task).filter(({ event }) => event === 'token');
    expect(indexes.map(({ data }) => data.i)).toEqual([0, 1, 2]);
  });

  it('is not charged for the time in which it waited (ORCH-3086)', async () => {
    const { rig, task } = await suspended();
    rig.runOf(task).tokens('one ', 'two ', 'three');
    await settle();
    await rig.clock.advance(70);
    rig.runOf(task).end();
    await settle();
    expect(framesOf(task).at(-1)).toMatchObject({ event: 'end', data: { decode_ms: 70, tokens_out: 3 } });
  });

  it.each([
    ['says something else', (rig: SchedulerRig, task: Task) => rig.runOf(task).tokens('one ', 'too ')],
    ['ends before', (rig: SchedulerRig, task: Task) => (rig.runOf(task).tokens('one '), rig.runOf(task).end())],
  ])('fails rather than splices when the engine %s (ORCH-3086, ORCH-4505)', async (_what, answer) => {
    const { rig, task } = await suspended();
    answer(rig, task);
    await settle();
    expect([task.state, textOf(task)]).toEqual(['failed', 'one two ']);
    expect(framesOf(task).at(-1)).toMatchObject({ event: 'error', data: { code: 'INTERNAL' } });
    expect(rig.busy).toBe(0);
  });

  it('can be cancelled while it waits (ORCH-3086, ORCH-4201)', async () => {
    const rig = await SchedulerRig.ready({ preemption: HARD });
    const task = rig.submit({ priority: 'batch' });
    await settle();
    rig.runOf(task).tokens('one ');
    await settle();
    const urgent = rig.submit();
    await settle();
    rig.scheduler.cancel(task, 'client');
    expect([task.state, framesOf(task).at(-1)!.event, rig.waiting]).toEqual(['cancelled', 'end', 0]);
    rig.runOf(urgent).end();
    await settle();
    expect(rig.busy).toBe(0);
  });

  it('can be suspended again while it repeats what its reader has (ORCH-3086)', async () => {
    const { rig, task } = await suspended();
    rig.runOf(task).tokens('one ');
    await settle();
    const urgent = rig.submit();
    await settle();
    expect(task.state).toBe('preempted');
    rig.runOf(urgent).end();
    await settle();
    rig.runOf(task).tokens('one ', 'two ', 'three');
    rig.runOf(task).end();
    await settle();
    expect([task.state, textOf(task), rig.busy]).toEqual(['completed', 'one two three', 0]);
  });

  it('ends well when all its tokens were there before (ORCH-3086)', async () => {
    const { rig, task } = await suspended();
    rig.runOf(task).tokens('one ', 'two ');
    rig.runOf(task).end();
    await settle();
    expect([task.state, textOf(task)]).toEqual(['completed', 'one two ']);
  });

  it('is sent round once more when its engine is lost while it repeats (ORCH-3086, ORCH-3017)', async () => {
    const { rig, task } = await suspended();
    rig.runOf(task).tokens('one ');
    rig.runOf(task).fail(new EngineError('reset', 'gone'));
    await rig.clock.advance(5000);
    rig.runOf(task).tokens('one ', 'two ', 'three');
    rig.runOf(task).end();
    await settle();
    expect([task.state, textOf(task)]).toEqual(['completed', 'one two three']);
  });

  it('that had no token yet just waits again (ORCH-3086)', async () => {
    const rig = await SchedulerRig.ready({ preemption: HARD });
    const task = rig.submit({ priority: 'batch' });
    await settle();
    const urgent = rig.submit();
    await settle();
    expect(task.state).toBe('queued');
    rig.runOf(urgent).end();
    await settle();
    rig.runOf(task).tokens('one ');
    rig.runOf(task).end();
    await settle();
    expect([task.state, textOf(task)]).toEqual(['completed', 'one ']);
    expect(framesOf(task).filter(({ event }) => event === 'started')).toHaveLength(1);
  });
});
