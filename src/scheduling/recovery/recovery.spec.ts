import { EngineError } from '@llama-orch/plugin-sdk';
import { settle } from '../../../test/support/fake-clock.js';
import { Restart, acceptInSession, again, textOf } from '../../../test/support/restart.js';
import { eventsOf, framesOf } from '../../../test/support/scheduler-rig.js';

describe('after a crash', () => {
  it('waiting tasks wait again in their old order, and nobody asks whether there is room (ORCH-4210)', async () => {
    const restart = new Restart({ pool: { queue: { capacity: 3 } } });
    const before = await restart.start();
    const tasks = [];
    for (const priority of ['interactive', 'batch', 'interactive', 'interactive'] as const) {
      tasks.push(await before.accept({ priority }));
    }
    const after = await restart.start({ pool: { queue: { capacity: 1 } } });
    // The one that ran had told its reader nothing but that it began.
    const begun = after.runOf(again(after, tasks[0]!));
    expect([after.waiting, again(after, tasks[0]!).state]).toEqual([3, 'dispatched']);
    begun.end();
    await settle();
    after.runOf(again(after, tasks[2]!)).end();
    await settle();
    after.runOf(again(after, tasks[3]!)).end();
    await settle();
    expect(again(after, tasks[1]!).state).toBe('dispatched');
  });

  it('an answer that an equal run repeats goes on where its reader has it, without a gap or a repetition (ORCH-4210)', async () => {
    const restart = new Restart();
    const before = await restart.start();
    const task = await before.accept();
    before.runOf(task).tokens('a', 'b');
    await before.clock.advance(50);
    const after = await restart.start();
    const resumed = again(after, task);
    after.runOf(resumed).tokens('a', 'b', 'c');
    after.runOf(resumed).end();
    await resumed.log.ended();
    expect([textOf(resumed), resumed.state, resumed.tokensOut]).toEqual(['abc', 'completed', 3]);
    expect(framesOf(resumed).map(({ id }) => id)).toEqual(framesOf(resumed).map((_, index) => index + 1));
    expect(eventsOf(resumed).filter((event) => event === 'started')).toHaveLength(1);
  });

  it('an answer that no other run is sure to repeat ends with WORKER_RESET (ORCH-4210)', async () => {
    const restart = new Restart({ pool: { determinism: 'best_effort' } });
    const before = await restart.start();
    const task = await before.accept();
    before.runOf(task).tokens('a');
    await before.clock.advance(50);
    const ended = again(await restart.start(), task);
    await ended.log.ended();
    expect([ended.state, framesOf(ended).at(-1)]).toMatchObject([
      'failed',
      { event: 'error', data: { code: 'WORKER_RESET' } },
    ]);
  });

  it('a run that says something else is not spliced in (ORCH-4210)', async () => {
    const restart = new Restart();
    const before = await restart.start();
    const task = await before.accept();
    before.runOf(task).tokens('a');
    await before.clock.advance(50);
    const after = await restart.start();
    const resumed = again(after, task);
    after.runOf(resumed).tokens('z');
    await resumed.log.ended();
    expect([textOf(resumed), resumed.error?.code]).toEqual(['a', 'WORKER_RESET']);
  });

  it('a cursor that may lie beyond what was stored is refused with the text so far (ORCH-4202)', async () => {
    const restart = new Restart();
    const before = await restart.start();
    const task = await before.accept();
    before.runOf(task).tokens('a');
    await before.clock.advance(50);
    before.runOf(task).tokens('b');
    await settle();
    expect(task.log.lastSeq).toBe(3);
    const rig = await restart.start();
    const resumed = again(rig, task);
    const { log } = resumed;
    expect([log.holds(2), log.holds(3)]).toEqual([true, false]);
    expect(log.text()).toBe('a');
    for (const text of ['a', 'b', 'c']) rig.runOf(resumed).tokens(text);
    await settle();
    expect(log.lastSeq).toBeGreaterThan(4);
    // Only who has read there since knows what stands there.
    expect([log.holds(4), log.holds(4, log.epoch), log.holds(4, 1)]).toEqual([false, true, false]);
  });

  it('a task whose deadline passed meanwhile expires (ORCH-4210)', async () => {
    const restart = new Restart();
    const before = await restart.start();
    await before.accept();
    const waiting = await before.accept({ deadlineMs: 1_000 });
    restart.clock.leap(500);
    const after = await restart.start();
    await restart.clock.advance(600);
    expect(again(after, waiting).error?.code).toBe('DEADLINE_UNMET');
  });

  it('a task of a pool that is no longer configured ends (ORCH-4210)', async () => {
    const restart = new Restart();
    const before = await restart.start();
    const task = await before.accept();
    const ended = again(await restart.start({ pool: { id: 'other', model: 'another' } }), task);
    await ended.log.ended();
    expect([ended.error?.code, restart.disk.kept.get(task.key)?.ended?.state]).toEqual(['POOL_UNAVAILABLE', 'failed']);
  });

  it('ended tasks can be read, and end no second time (ORCH-4106)', async () => {
    const restart = new Restart();
    const before = await restart.start();
    const task = await before.accept();
    before.runOf(task).fail(new EngineError('invalid-input', 'too long'));
    await task.log.ended();
    const after = await restart.start();
    const read = again(after, task);
    expect([read.state, read.error?.code, read.log.sealed]).toEqual(['failed', 'INVALID_PARAMS', true]);
    after.scheduler.cancel(read, 'client');
    expect(read.state).toBe('failed');
  });

  it('a session is charged once for tokens that are decoded twice (ORCH-4407)', async () => {
    const restart = new Restart({ budgets: { tokens: 100 } });
    const before = await restart.start();
    const task = await acceptInSession(before);
    before.runOf(task).tokens('a', 'b');
    await before.clock.advance(300);
    const after = await restart.start();
    const resumed = again(after, task);
    const { account } = resumed.session!;
    // Three of the prompt, two of the answer.
    expect([account?.used.tokens, resumed.session?.turns, resumed.session?.openTasks.size]).toEqual([5, 1, 1]);
    after.runOf(resumed).tokens('a', 'b', 'c');
    await settle();
    expect(account?.used.tokens).toBe(6);
    after.runOf(resumed).end();
    await resumed.log.ended();
    expect([account?.reservations.size, restart.disk.sessions.records.size]).toEqual([0, 1]);
  });

  it('a session pays for what its reader has, also when the crash came before that was written (ORCH-4407)', async () => {
    const restart = new Restart({ budgets: { tokens: 100 }, pool: { determinism: 'best_effort' } });
    const before = await restart.start();
    const task = await acceptInSession(before);
    before.runOf(task).tokens('a', 'b');
    await before.clock.advance(50);
    const after = await restart.start();
    const ended = again(after, task);
    await ended.log.ended();
    expect([ended.error?.code, ended.session?.account?.used.tokens]).toEqual(['WORKER_RESET', 5]);
  });

  it('a task that no daemon outlives is given up, because it may be what ends them (ORCH-4210)', async () => {
    const restart = new Restart();
    let rig = await restart.start();
    const task = await rig.accept();
    for (let life = 1; life <= 3; life++) {
      await rig.clock.advance(50);
      rig = await restart.start();
      expect(again(rig, task).state).toBe('dispatched');
    }
    await rig.clock.advance(50);
    const last = again(await restart.start(), task);
    await last.log.ended();
    expect(last.error?.code).toBe('WORKER_RESET');
  });

  it('a task that was answered in three lives goes to no fourth, because it may be what kills them (ORCH-4210)', async () => {
    const restart = new Restart();
    let rig = await restart.start();
    const task = await rig.accept();
    rig.runOf(task).tokens('a');
    await rig.clock.advance(50);
    for (const more of [['b'], ['b', 'c']]) {
      rig = await restart.start();
      rig.runOf(again(rig, task)).tokens('a', ...more);
      await rig.clock.advance(50);
    }
    const last = again(await restart.start(), task);
    await last.log.ended();
    expect(last.error?.code).toBe('WORKER_RESET');
  });
});
