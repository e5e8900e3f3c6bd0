import { type Clock } from '../kernel/clock.js';
import { type Scheduler } from '../scheduling/scheduler.js';
import { frameText } from '../tasks/frames.js';
import { type Task } from '../tasks/task.js';
import { type EventStream } from './event-stream.js';

interface Subscription {
  readonly stream: EventStream;
  readonly task: Task;
  last: string;
  toldAt: number;
}

const PACE_MS = 1_000;
const TICK_MS = PACE_MS / 4;

/** Tells readers who asked how their waiting task moves up: at once, then on changes, at most once a second. */
export class QueueNews {
  private readonly subscriptions = new Set<Subscription>();
  private ticking = false;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly clock: Clock,
  ) {}

  subscribe(stream: EventStream, task: Task): void {
    const subscription: Subscription = { stream, task, last: '', toldAt: -Infinity };
    if (!this.tell(subscription)) return;
    this.subscriptions.add(subscription);
    this.keepTicking();
  }

  private keepTicking(): void {
    if (this.ticking || this.subscriptions.size === 0) return;
    this.ticking = true;
    this.clock.schedule(TICK_MS, () => {
      this.ticking = false;
      for (const subscription of this.subscriptions)
        if (!this.tell(subscription)) this.subscriptions.delete(subscription);
      this.keepTicking();
    });
  }

  /** False once there is nothing more to tell. */
  private tell(subscription: Subscription): boolean {
    const { stream, task } = subscription;
    const position = this.scheduler.positionOf(task);
    // A task that lost its engine waits again, but this news comes before `started` or not at all.
    const hasStarted = task.log.lastSeq > 0;
    if (!stream.isOpen || hasStarted || position === undefined) return false;
    const now = this.clock.now();
    // The tick is shared: a reader who came just before it was told a moment ago.
    if (now - subscription.toldAt < PACE_MS) return true;
    const { p50, p90 } = this.scheduler.outlook(task.poolId).startAfter(position, now, task.request.priority);
    const key = `${position}/${p50}`;
    if (key === subscription.last) return true;
    subscription.last = key;
    subscription.toldAt = now;
    const data = { position, predicted_start_ms: p50, p90, eta_at_ms: this.clock.epochMs() + p50 };
    stream.sendUnlogged(frameText(task.log.lastSeq, 'queued', JSON.stringify(data)));
    return true;
  }
}
