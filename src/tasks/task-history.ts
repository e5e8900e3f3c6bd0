import { type Clock } from '../kernel/clock.js';
import { type JournalTelemetry } from './journal-telemetry.js';
import { type TaskLog } from './task-log.js';
import { type RetentionLimits, type TaskRegistry } from './task-registry.js';
import { type TaskStore } from './task-store.js';
import { type Task } from './task.js';

const SWEEP_MS = 60_000;

/** Ended tasks in the store: their frames, while those are kept, and the end of their time there. */
export class TaskHistory {
  private stopped = false;
  private sweeping: Promise<void> | undefined;

  constructor(
    private readonly ports: {
      readonly clock: Clock;
      readonly store: TaskStore;
      readonly registry: TaskRegistry;
      readonly telemetry: JournalTelemetry;
    },
    private readonly limits: RetentionLimits,
  ) {}

  /** From now on what is over goes, every minute. */
  start(): void {
    if (this.stopped) return;
    this.ports.clock.schedule(SWEEP_MS, () => {
      this.sweeping = this.sweep().finally(() => this.start());
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.sweeping;
  }

  /** The whole log of an ended task whose frames are no longer in memory; undefined when they are over. */
  async logOf(task: Task): Promise<TaskLog | undefined> {
    const { clock, store, registry } = this.ports;
    if (task.endedAt === undefined || task.endedAt + this.limits.framesMs <= clock.now()) return undefined;
    const chunks = await store.framesOf(task.key);
    if (chunks.length === 0) return undefined;
    const log = registry.endedLogOf(chunks);
    if (task.recoveredAfter.length > 0) log.markRecovered({ epoch: task.endedMs!, after: task.recoveredAfter });
    return log;
  }

  /** Output text of an ended task. Of one that ended before a restart only the store has it. */
  async textOf({ key, log: { told } }: Task): Promise<string> {
    if (told.text !== '') return told.text;
    return (await this.ports.store.answerOf(key)) ?? '';
  }

  /** Lets everything go that is over. */
  async sweep(): Promise<void> {
    const { clock, store, telemetry } = this.ports;
    const nowMs = clock.epochMs();
    const { tasksMs, framesMs, tasksKept } = this.limits;
    const limits = { nowMs, tasksBeforeMs: nowMs - tasksMs, framesBeforeMs: nowMs - framesMs, tasksKept };
    try {
      while (!this.stopped && (await store.sweep(limits)));
    } catch (error) {
      telemetry.failed('the end of the retention of tasks', error);
    }
  }
}
