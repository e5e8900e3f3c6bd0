import { type Clock } from '../kernel/clock.js';
import { type TaskId, type TaskKey, taskKey } from '../kernel/ids.js';
import { TaskLog } from './task-log.js';
import { type StoredChunk } from './task-store.js';
import { type Task } from './task.js';

export interface RetentionLimits {
  /** Frames of one task that are held for readers who come back. */
  readonly ringBytes: number;
  /** How long frames are held after the end. */
  readonly framesMs: number;
  /** How long an ended task stays readable. */
  readonly tasksMs: number;
  /** Ended tasks that stay readable at most; the oldest go first. */
  readonly tasksKept: number;
  /** Frames of all ended tasks together; the oldest go first. */
  readonly framesBytes: number;
}

const SWEEP_MS = 1_000;
const NOBODY: ReadonlySet<Task> = new Set();

/** All tasks that can be read: the running ones, and the ended ones until their retention is over. */
export class TaskRegistry {
  private readonly tasks = new Map<TaskKey, Task>();
  /** Ended tasks, oldest first; those before `framesFrom` hold no frames any more. */
  private ended: Task[] = [];
  private framesFrom = 0;
  private endedFrameBytes = 0;
  private sweepPending = false;
  /** Tasks that have not ended, by tenant. */
  private readonly live = new Map<string, Set<Task>>();

  constructor(
    private readonly clock: Clock,
    private readonly limits: RetentionLimits,
  ) {}

  newLog(): TaskLog {
    return new TaskLog(this.limits.ringBytes);
  }

  /** The log of a task of before a restart: its frames so far, as they were stored. */
  logOf(chunks: readonly StoredChunk[]): TaskLog {
    const log = this.newLog();
    for (const { bytes, count } of chunks) log.append(Buffer.from(bytes).toString(), count);
    return log;
  }

  /** The whole log of an ended task, for one reader. */
  endedLogOf(chunks: readonly StoredChunk[]): TaskLog {
    const log = new TaskLog(Infinity);
    for (const { bytes, count } of chunks) log.append(Buffer.from(bytes).toString(), count);
    log.markWhole();
    return log;
  }

  /** The log of an ended task whose frames are in the store. */
  endedLog(lastSeq: number): TaskLog {
    return TaskLog.ofEnded(lastSeq, '');
  }

  add(task: Task): void {
    this.tasks.set(task.key, task);
    const { tenantId } = task.request;
    const live = this.live.get(tenantId);
    if (live === undefined) this.live.set(tenantId, new Set([task]));
    else live.add(task);
  }

  /** Takes back a task that was not admitted, or could not be stored. */
  forget(task: Task): void {
    this.tasks.delete(task.key);
    this.leave(task);
  }

  /** Takes over an ended task of before a restart; older ones first. */
  restore(task: Task): void {
    this.tasks.set(task.key, task);
    this.retain(task);
  }

  /** A task of this tenant; those of others are not found. */
  find(tenantId: string, id: TaskId): Task | undefined {
    return this.tasks.get(taskKey(tenantId, id));
  }

  get(key: TaskKey): Task | undefined {
    return this.tasks.get(key);
  }

  /** Tasks of a tenant that have not ended, oldest first. */
  liveOf(tenantId: string): ReadonlySet<Task> {
    return this.live.get(tenantId) ?? NOBODY;
  }

  /** Tasks of a tenant, newest first, from the one after `before` on. */
  *newestFirst(tenantId: string, before?: TaskKey): Iterable<Task> {
    let seen = before === undefined;
    for (const task of [...this.tasks.values()].reverse()) {
      if (seen && task.request.tenantId === tenantId) yield task;
      seen ||= task.key === before;
    }
  }

  /** Starts the retention of an ended task. */
  retain(task: Task): void {
    this.leave(task);
    this.ended.push(task);
    this.endedFrameBytes += task.log.bytes;
    this.trimToLimits();
    this.planSweep();
  }

  private leave(task: Task): void {
    const { tenantId } = task.request;
    const live = this.live.get(tenantId);
    live?.delete(task);
    if (live?.size === 0) this.live.delete(tenantId);
  }

  private trimToLimits(): void {
    while (this.endedFrameBytes > this.limits.framesBytes && this.framesFrom < this.ended.length)
      this.releaseOldestFrames();
    if (this.ended.length > this.limits.tasksKept * 1.1) this.dropOldest(this.ended.length - this.limits.tasksKept);
  }

  private planSweep(): void {
    if (this.sweepPending) return;
    this.sweepPending = true;
    this.clock.schedule(SWEEP_MS, () => {
      this.sweepPending = false;
      this.sweep(this.clock.now());
      if (this.ended.length > 0) this.planSweep();
    });
  }

  private sweep(now: number): void {
    const over = (task: Task | undefined, ms: number) => task?.endedAt !== undefined && task.endedAt + ms <= now;
    while (over(this.ended[this.framesFrom], this.limits.framesMs)) this.releaseOldestFrames();
    let count = 0;
    while (over(this.ended[count], this.limits.tasksMs)) count++;
    if (count > 0) this.dropOldest(count);
  }

  private releaseOldestFrames(): void {
    const task = this.ended[this.framesFrom++]!;
    this.endedFrameBytes -= task.log.bytes;
    task.log.release();
  }

  private dropOldest(count: number): void {
    while (this.framesFrom < count) this.releaseOldestFrames();
    // The id of one that was taken back may belong to another task by now.
    for (const task of this.ended.slice(0, count)) if (this.tasks.get(task.key) === task) this.tasks.delete(task.key);
    this.ended = this.ended.slice(count);
    this.framesFrom -= count;
  }
}
