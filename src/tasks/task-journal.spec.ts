import { settle } from '../../test/support/fake-clock.js';
import { MemoryTaskStore } from '../../test/support/memory-task-store.js';
import { SchedulerRig, eventsOf, framesOf } from '../../test/support/scheduler-rig.js';
import { type SessionId } from '../kernel/ids.js';
import { MOST_UNRECORDED } from './task-log.js';

const SESSION = '0198f1d2-7c3a-7b21-8f3e-000000000001';

/** Holds whatever is asked of the disk until it is let go. */
function hold(disk: MemoryTaskStore): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  disk.gate = promise;
  return () => {
    disk.gate = Promise.resolve();
    resolve();
  };
}

async function running(pool: Readonly<Record<string, unknown>> = {}) {
  const disk = new MemoryTaskStore();
  const rig = await SchedulerRig.ready({ disk, pool });
  const task = await rig.accept();
  await settle();
  return { disk, rig, task, run: rig.runOf(task) };
}

describe('an accepted task', () => {
  it('is on the disk, with the turn of its session and the answers to its call, in one piece (ORCH-4210)', async () => {
    const disk = new MemoryTaskStore();
    const rig = await SchedulerRig.ready({ disk });
    const task = rig.task({ sessionId: SESSION });
    task.session = rig.sessions.named('default', SESSION as SessionId, ORIGIN);
    rig.scheduler.submit(task);
    const answer = { name: 'call', digest: 'd', answer: '{}', expiresMs: 5 };
    await rig.journal!.accept(task, [answer]);
    expect(disk.kept.get(task.key)?.record.request.prompt).toEqual({ type: 'text', text: 'Hello' });
    expect([...disk.answers.values()]).toEqual([answer]);
    expect([...disk.sessions.records.values()]).toMatchObject([{ turns: 1, openTasks: 1 }]);
  });

  it('that the disk does not take leaves nothing behind, and its end reaches its readers at once (ORCH-4210)', async () => {
    const disk = new MemoryTaskStore();
    const rig = await SchedulerRig.ready({ disk });
    disk.full = true;
    const task = rig.submit();
    await expect(rig.journal!.accept(task, [])).rejects.toThrow('full');
    rig.scheduler.cancel(task, 'client');
    await settle();
    expect([task.log.sealed, disk.kept.size, disk.took.append]).toEqual([true, 0, 0]);
    disk.full = false;
    await rig.clock.advance(1_000);
    // Nobody knows whether a write that failed was the disk's last word.
    expect(disk.took).toEqual({ accept: 0, forget: 1, append: 0, end: 0 });
  });
});

describe('a call that is repeated after the disk refused it', () => {
  it('keeps what it was told, whatever became of the refused one (ORCH-4102, ORCH-4210)', async () => {
    const disk = new MemoryTaskStore();
    const rig = await SchedulerRig.ready({ disk });
    const answer = { name: 'call', digest: 'd', answer: '{}', expiresMs: 5 };
    disk.full = true;
    const refused = rig.submit();
    await expect(rig.journal!.accept(refused, [answer])).rejects.toThrow('full');
    rig.scheduler.cancel(refused, 'client');
    disk.full = false;
    const again = rig.submit();
    await rig.journal!.accept(again, [answer]);
    await rig.clock.advance(5_000);
    expect([disk.kept.has(again.key), disk.answers.has('call'), disk.took.forget]).toEqual([true, true, 0]);
  });
});

describe('a disk that refuses frames', () => {
  it.each(['send-then-log', 'log-before-send'])(
    'is asked once a second, and the log tells of it once (ORCH-4210, %s)',
    async (stream_log) => {
      const { disk, rig, run } = await running({ stream_log });
      let asked = 0;
      disk.append = async () => {
        asked++;
        throw new Error('database or disk is full');
      };
      for (let second = 0; second < 3; second++) {
        run.tokens(...Array.from({ length: 100 }, () => 'x'));
        await rig.clock.advance(1_000);
      }
      expect(asked).toBeLessThanOrEqual(4);
      expect(rig.logger.lines.filter(({ event }) => event === 'store')).toHaveLength(1);
    },
  );
});

describe('an end that the disk does not take', () => {
  it('is waited for by whoever ends the daemon (ORCH-4210)', async () => {
    const { disk, rig, task, run } = await running();
    disk.full = true;
    run.end();
    await task.log.ended();
    disk.full = false;
    const letGo = hold(disk);
    rig.clock.leap(1_000);
    let isSettled = false;
    const settled = rig.journal!.settled().then(() => (isSettled = true));
    await settle();
    expect(isSettled).toBe(false);
    letGo();
    await settled;
    expect(disk.kept.get(task.key)?.ended).toMatchObject({ state: 'completed' });
  });
});

describe('frames that are sent before they are stored', () => {
  it('reach readers at once and the disk within 50 ms, the first one at once too (ORCH-4210)', async () => {
    const { disk, rig, task, run } = await running();
    run.tokens('a', 'b');
    await settle();
    expect(eventsOf(task)).toEqual(['started', 'token', 'token']);
    expect([...disk.textOf(task.key).matchAll(/^event: (\w+)$/gm)].map(([, event]) => event)).toEqual(['started']);
    await rig.clock.advance(50);
    expect(disk.textOf(task.key)).toContain('{"t":"b","i":1}');
  });

  it('reach the disk at once when there are 64 of them (ORCH-4210)', async () => {
    const { disk, task, run } = await running();
    run.tokens(...Array.from({ length: 64 }, () => 'x'));
    await settle();
    expect(disk.textOf(task.key)).toContain('"i":63');
  });

  it('are held back beyond what a crash may take (ORCH-4210)', async () => {
    const { disk, task, run } = await running();
    const letGo = hold(disk);
    for (let count = 0; count < 2 * MOST_UNRECORDED; count += 64) {
      run.tokens(...Array.from({ length: 64 }, () => 'x'));
      await settle();
    }
    const seen = framesOf(task).length;
    // The first one is stored already.
    expect(seen).toBeLessThanOrEqual(1 + MOST_UNRECORDED);
    letGo();
    await settle();
    expect(framesOf(task)).toHaveLength(1 + 2 * MOST_UNRECORDED);
  });

  it('come again when the disk did not take them (ORCH-4210)', async () => {
    const { disk, rig, task, run } = await running();
    disk.full = true;
    run.tokens('a');
    await rig.clock.advance(50);
    run.tokens('b');
    await rig.clock.advance(50);
    disk.full = false;
    await rig.clock.advance(1_000);
    expect(disk.textOf(task.key).match(/"t":"."/g)).toEqual(['"t":"a"', '"t":"b"']);
  });
});

describe('frames that are stored before they are sent', () => {
  it('reach readers when the disk has them, and not before (ORCH-4210)', async () => {
    const { disk, task, run } = await running({ stream_log: 'log-before-send' });
    const letGo = hold(disk);
    run.tokens('a');
    await settle();
    expect(eventsOf(task)).toEqual(['started']);
    letGo();
    await settle();
    expect([eventsOf(task), disk.textOf(task.key)]).toEqual([['started', 'token'], expect.stringContaining('"t":"a"')]);
  });
});

describe('what a snapshot tells', () => {
  it('is what readers may have, and no cursor lies beyond it (ORCH-4202, ORCH-4210)', async () => {
    const { disk, task, run } = await running({ stream_log: 'log-before-send' });
    const letGo = hold(disk);
    run.tokens('a', 'b');
    await settle();
    expect([task.log.told, task.log.holds(1), task.log.holds(2)]).toEqual([{ text: '', nextSeq: 2 }, true, false]);
    letGo();
    await settle();
    expect([task.log.told, task.log.holds(3)]).toEqual([{ text: 'ab', nextSeq: 4 }, true]);
  });
});

describe('the end of a task', () => {
  it('reaches readers when it is durable, and not before (ORCH-4210)', async () => {
    const { disk, task, run } = await running();
    const letGo = hold(disk);
    run.tokens('a');
    run.end();
    await settle();
    expect([task.state, task.log.closed, task.log.sealed]).toEqual(['completed', true, false]);
    expect(eventsOf(task)).not.toContain('end');
    letGo();
    await task.log.ended();
    expect([eventsOf(task).at(-1), disk.kept.get(task.key)?.ended]).toMatchObject(['end', { state: 'completed' }]);
    expect(disk.textOf(task.key)).toContain('event: end');
  });

  it('keeps nothing of what was asked (ORCH-4210)', async () => {
    const { disk, task, run } = await running();
    run.end();
    await task.log.ended();
    expect(JSON.stringify(disk.kept.get(task.key)?.ended)).not.toContain('Hello');
  });

  it('is told all the same when the disk does not take it, and stored when it does again (ORCH-4210)', async () => {
    const { disk, rig, task, run } = await running();
    disk.full = true;
    run.tokens('a');
    run.end();
    await task.log.ended();
    expect([eventsOf(task).at(-1), disk.kept.get(task.key)?.ended]).toEqual(['end', undefined]);
    disk.full = false;
    await rig.clock.advance(1_000);
    expect(disk.kept.get(task.key)?.ended).toMatchObject({ state: 'completed' });
    expect(disk.textOf(task.key)).toContain('event: end');
  });

  it('waits for frames that are on their way, so that there is no gap (ORCH-4210)', async () => {
    const { disk, rig, task, run } = await running();
    const letGo = hold(disk);
    run.tokens('a');
    await rig.clock.advance(50);
    run.tokens('b');
    run.end();
    await settle();
    letGo();
    await task.log.ended();
    expect(disk.textOf(task.key).match(/^id: \d+/gm)).toEqual(framesOf(task).map(({ id }) => `id: ${id}`));
  });
});

const ORIGIN = { correlationId: 'c', clientId: undefined, userAgent: undefined };
