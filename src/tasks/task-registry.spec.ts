import { FakeClock } from '../../test/support/fake-clock.js';
import { poolId, taskKey } from '../kernel/ids.js';
import { type RetentionLimits, TaskRegistry } from './task-registry.js';
import { Task, type TaskRequest } from './task.js';

const LIMITS: RetentionLimits = {
  ringBytes: 10_000,
  framesMs: 10_000,
  tasksMs: 60_000,
  tasksKept: 10,
  framesBytes: 1_000_000,
};

function registryWith(limits: Partial<RetentionLimits> = {}) {
  const clock = new FakeClock();
  const registry = new TaskRegistry(clock, { ...LIMITS, ...limits });
  let count = 0;
  const add = (tenantId = 'default') => {
    const request = { id: `task-${count++}`, tenantId, receivedAt: clock.now() } as unknown as TaskRequest;
    const task = new Task(request, poolId('p'), 'mock', { tokens: 1, counted: false }, registry.newLog());
    registry.add(task);
    return task;
  };
  const end = (task: Task, bytes = 100) => {
    task.endedAt = clock.now();
    task.moveTo('cancelled');
    task.log.seal(`id: 1\nevent: end\ndata: "${'x'.repeat(bytes)}"\n\n`);
    registry.retain(task);
    return task;
  };
  const listed = (tenantId = 'default') =>
    [...registry.newestFirst(tenantId)].map(({ request }) => request.id as string);
  return { clock, registry, add, end, listed };
}

describe('the task registry', () => {
  it('knows the tasks of a tenant that have not ended, oldest first (ORCH-3077)', () => {
    const { registry, add, end } = registryWith();
    const [first, refused, second, other] = [add('a'), add('a'), add('a'), add('b')];
    registry.forget(refused);
    expect([[...registry.liveOf('a')], [...registry.liveOf('b')]]).toEqual([[first, second], [other]]);
    end(first);
    end(other);
    expect([[...registry.liveOf('a')], registry.liveOf('b').size, registry.liveOf('nobody').size]).toEqual([
      [second],
      0,
      0,
    ]);
  });

  it('finds a task for its tenant alone (ORCH-4106)', () => {
    const { registry, add } = registryWith();
    const task = add('a');
    expect(registry.find('a', task.request.id)).toBe(task);
    expect(registry.find('b', task.request.id)).toBeUndefined();
  });

  it('lists newest first, from behind a given task (ORCH-4106)', () => {
    const { registry, add, listed } = registryWith();
    const tasks = [add(), add('other'), add(), add()];
    expect(listed()).toEqual(['task-3', 'task-2', 'task-0']);
    const behind = [...registry.newestFirst('default', taskKey('default', tasks[3]!.request.id))];
    expect(behind).toEqual([tasks[2], tasks[0]]);
  });

  it('lets frames go when their time is over, and the task when its own is (ORCH-4203)', () => {
    const { clock, add, end, listed } = registryWith();
    const running = add();
    const task = end(add());
    clock.leap(9_000);
    expect(task.log.holds(0)).toBe(true);
    clock.leap(2_000);
    expect([task.log.holds(0), task.log.bytes, listed()]).toEqual([false, 0, ['task-1', 'task-0']]);
    clock.leap(50_000);
    expect(listed()).toEqual([running.request.id]);
    expect(clock.pending).toBe(0);
  });

  it('lets the oldest frames go first when all together are too many (ORCH-4203)', () => {
    const { add, end } = registryWith({ framesBytes: 3500 });
    const tasks = [1, 2, 3, 4, 5].map(() => end(add(), 1000));
    expect(tasks.map((task) => task.log.holds(0))).toEqual([false, false, true, true, true]);
  });

  it('keeps the newest ended tasks, a tenth more at most, and every running one (ORCH-4106)', () => {
    const { add, end, listed } = registryWith({ tasksKept: 10 });
    const running = add();
    for (let count = 0; count < 200; count++) {
      end(add());
      expect(listed().length).toBeLessThanOrEqual(12);
    }
    expect(listed()).toContain('task-200');
    expect(listed().at(-1)).toBe(running.request.id);
  });

  it('counts frames right when tasks go before their frames would (ORCH-4203)', () => {
    const { clock, add, end } = registryWith({ framesMs: 60_000, tasksMs: 1_000, framesBytes: 3_000 });
    end(add(), 2000);
    clock.leap(3_000);
    const task = end(add(), 2000);
    expect(task.log.holds(0)).toBe(true);
  });

  it('forgets a task that was not admitted (ORCH-4401)', () => {
    const { registry, add, listed } = registryWith();
    registry.forget(add());
    expect(listed()).toEqual([]);
  });
});
