import { type CancelTimer, type Clock } from '../kernel/clock.js';
import { type Task } from '../tasks/task.js';
import { type SchedulerEvent } from './core/model.js';

/** One timer for each task that has a deadline. */
export class Deadlines {
  private readonly timers = new Map<Task, CancelTimer>();

  constructor(
    private readonly ports: { readonly clock: Clock; readonly onDeadline: 'stop' | 'finish' },
    private readonly event: (event: SchedulerEvent) => void,
  ) {}

  /** Watches a task that waits, also one that waits again: while it ran its deadline may have passed without an effect. */
  watch(task: Task): void {
    const { clock } = this.ports;
    if (task.deadlineAt === undefined) return;
    this.timers.get(task)?.();
    this.timers.set(
      task,
      clock.schedule(task.deadlineAt - clock.now(), () => this.passed(task)),
    );
  }

  forget(task: Task): void {
    this.timers.get(task)?.();
    this.timers.delete(task);
  }

  private passed(task: Task): void {
    if (task.state !== 'queued' && this.ports.onDeadline === 'finish') return;
    this.event({ type: 'deadline-passed', key: task.key, now: this.ports.clock.now() });
  }
}
