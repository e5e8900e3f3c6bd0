import { type Clock } from '../kernel/clock.js';
import { type Scheduler } from '../scheduling/scheduler.js';
import { frameText } from '../tasks/frames.js';
import { type Task } from '../tasks/task.js';
import { type EventStream } from './event-stream.js';

interface Subscription {
  readonly stream: EventStream;
  readonly task: Task;
  last: string;
}

const PACE_MS = 1_000;

/** Tells readers who asked how their waiting task moves up: at once, then on changes, at most once a second. */
export class QueueNews {
  private readonly subscriptions = new Set<Subscription>();
  private ticking = false;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly clock: Clock,
  ) {}

  subscribe(stream: EventStream, task: Task): void {
    const subscription: Subscription = { stream, task, last: '' };
    if (!this.tell(subscription)) return;
    this.subscriptions.add(subscription);
    this.keepTicking();
  }

  private keepTicking(): void {
    if (this.ticking || this.subscriptions.size === 0) return;
    this.ticking = true;
    this.clock.schedule(PACE_MS, () => {
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
    if (!stream.isOpen || task.state !== 'queued' || position === undefined) return false;
    const { p50, p90 } = this.scheduler.outlook(task.poolId).startAfter(position, this.clock.now());
    const key = `${position}/${p50}`;
    if (key === subscription.last) return true;
    subscription.last = key;
    const data = { position, predicted_start_ms: p50, p90, eta_at_ms: this.clock.epochMs() + p50 };
    stream.sendUnlogged(frameText(task.log.lastSeq, 'queued', JSON.stringify(data)));
    return true;
  }
}
