import { type SessionId } from '../../src/kernel/ids.js';
import { type Task } from '../../src/tasks/task.js';
import { FakeClock } from './fake-clock.js';
import { MemoryTaskStore } from './memory-task-store.js';
import { type RigOptions, SchedulerRig, framesOf } from './scheduler-rig.js';

/** Daemons on one disk, one after the other: each is gone without a word when the next one starts. */
export class Restart {
  readonly disk = new MemoryTaskStore();
  readonly clock = new FakeClock();

  constructor(private readonly options: RigOptions = {}) {}

  start(options: RigOptions = {}): Promise<SchedulerRig> {
    return SchedulerRig.ready({ ...this.options, ...options, disk: this.disk, clock: this.clock });
  }
}

/** The same task as a later daemon knows it. */
export function again(rig: SchedulerRig, { key }: Task): Task {
  return rig.registry.get(key)!;
}

/** What the tokens of a task say that its log holds. */
export function textOf(task: Task): string {
  return framesOf(task)
    .flatMap(({ event, data }) => (event === 'token' ? [data['t']] : []))
    .join('');
}

const SESSION = '0198f1d2-7c3a-7b21-8f3e-000000000001' as SessionId;

/** Accepts a task of a session of its own, as admission does. */
export async function acceptInSession(rig: SchedulerRig): Promise<Task> {
  const task = rig.task({ sessionId: SESSION, maxTokens: 20 });
  const origin = { correlationId: 'c', clientId: undefined, userAgent: undefined };
  task.session = rig.sessions.named('default', SESSION, origin);
  rig.scheduler.submit(task);
  await rig.journal!.accept(task, []);
  return task;
}
