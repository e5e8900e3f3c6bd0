import type { Plugin, PluginDefinition } from './plugin.js';

export type PriorityClass = 'interactive' | 'batch';

/** One waiting task as a discipline sees it. */
export interface QueueItem {
  readonly taskId: string;
  readonly priority: PriorityClass;
  /** Milliseconds on the host's monotonic clock. */
  readonly enqueuedAt: number;
  readonly tenantId?: string;
  readonly sessionId?: string;
  /** Absolute, on the same clock; absent: no deadline. */
  readonly deadlineAt?: number;
  /** Expected prefill and decode tokens. */
  readonly cost?: number;
}

/**
 * Decides whose turn it is: a pure data structure of one pool, without a clock of its own.
 * Enqueue, next and remove are amortised O(log n) or better.
 */
export interface QueueDiscipline {
  readonly size: number;
  sizeOf(priority: PriorityClass): number;
  /** Adds an item at its place. The host never enqueues an id that is already waiting. */
  enqueue(item: QueueItem): void;
  /** Puts an item that lost its engine back at the head of its class. */
  requeue(item: QueueItem): void;
  /** Takes out the item whose turn it is. */
  next(now: number): QueueItem | undefined;
  /** Takes out one item; false when it is not waiting. */
  remove(taskId: string): boolean;
  /** How many waiting items would be dispatched before this one; undefined when it is not waiting. */
  position(taskId: string, now: number): number | undefined;
  /** The oldest or newest waiting item of a class, left in place: a candidate for eviction. */
  peek(priority: PriorityClass, end: 'oldest' | 'newest'): QueueItem | undefined;
}

/** Makes the queue of one pool. */
export interface QueueDisciplineFactory {
  createQueue(): QueueDiscipline;
}

export type QueueDisciplinePlugin<Options = unknown> = Plugin<'queue-discipline', Options, QueueDisciplineFactory>;

/** Declares a queue discipline: the default export of its package. */
export function defineQueueDiscipline<Options>(
  definition: PluginDefinition<Options, QueueDisciplineFactory>,
): QueueDisciplinePlugin<Options> {
  return { ...definition, kind: 'queue-discipline' };
}
