import { type ServerResponse } from 'node:http';
import { type Clock } from '../kernel/clock.js';
import { type Metrics } from '../observability/metrics.js';
import { type Scheduler } from '../scheduling/scheduler.js';
import { type TaskLog } from '../tasks/task-log.js';
import { type Task } from '../tasks/task.js';
import { EventStream, type LeaveReason } from './event-stream.js';
import { type KeepAlive } from './keep-alive.js';
import { QueueNews } from './queue-news.js';

export interface StreamPorts {
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly keepAlive: KeepAlive;
  readonly bufferBytes: number;
}

/** All open event streams. */
export class Streams {
  private readonly active = new Set<EventStream>();
  private readonly news: QueueNews;

  constructor(private readonly ports: StreamPorts) {
    this.news = new QueueNews(ports.scheduler, ports.clock);
    ports.metrics.beforeScrape(() => ports.metrics.streamsActive.set(this.active.size));
  }

  /** Starts a reader after a sequence number that the log holds. `queued`: it wants news of the task's place in line. */
  open(
    { task, log, after }: { readonly task: Task; readonly log: TaskLog; readonly after: number },
    response: ServerResponse,
    headers: Readonly<Record<string, string>>,
    queued: boolean,
  ): void {
    const { keepAlive, bufferBytes } = this.ports;
    const stream: EventStream = new EventStream({
      log,
      after,
      response,
      headers,
      bufferBytes,
      keepAlive,
      onLeave: (reason) => this.onLeave(task, reason),
      onClose: () => this.active.delete(stream),
    });
    stream.start();
    if (!stream.isOpen) return;
    this.active.add(stream);
    if (queued) this.news.subscribe(stream, task);
  }

  /** Median time until a waiting task starts. */
  startOf(task: Task, position: number): number {
    return this.ports.scheduler.outlook(task.poolId).startAfter(position, this.ports.clock.now(), task.request.priority)
      .p50;
  }

  /** Cuts every reader: the daemon ends. Terminal frames have been written before. */
  closeAll(): void {
    for (const stream of this.active) stream.cut('gone');
  }

  private onLeave(task: Task, reason: LeaveReason): void {
    this.ports.metrics.readerDisconnects.inc({ reason });
    if (task.request.onDisconnect !== 'cancel' || task.ended || task.log.readerCount > 0) return;
    this.ports.scheduler.cancel(task, 'disconnect');
  }
}
