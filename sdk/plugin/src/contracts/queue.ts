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

/** What part of the work that a queue gave out lately went to one tenant in one class. */
export interface QueueShare {
  readonly tenantId: string;
  readonly priority: PriorityClass;
  /** Smoothed over the last dispatches (EWMA, alpha 0.05 unless configured), 0 to 1; all shares add up to 1. */
  readonly share: number;
}

/**
 * Decides whose turn it is: a pure data structure of one pool, without a clock of its own.
 * Enqueue, next and remove are amortised O(log n) or better.
 *
 * The same calls give the same answers, bit for bit, on every release of the engine: no clock, no randomness, no
 * `Math.pow` and the like, and nothing that depends on the order of anything but the calls. The state is plain values
 * that come from the calls alone, so whoever replays them into a new queue has the same queue.
 */
export interface QueueDiscipline {
  readonly size: number;
  sizeOf(priority: PriorityClass): number;
  /** Adds an item at its place. The host never enqueues an id that is already waiting. */
  enqueue(item: QueueItem): void;
  /**
   * Puts an item that lost its engine back at the head of its flow; its dispatch counts as never made.
   * A discipline by deadline puts it before those that have no earlier one.
   */
  requeue(item: QueueItem): void;
  /** Takes out the item whose turn it is. */
  next(now: number): QueueItem | undefined;
  /** Takes out one item; false when it is not waiting. */
  remove(taskId: string): boolean;
  /** How many waiting items would be dispatched before this one; undefined when it is not waiting. */
  position(taskId: string, now: number): number | undefined;
  /**
   * How many waiting items would be dispatched before this one if it were enqueued at `now`; the queue stays as it is.
   * Predictions for tasks that are not admitted yet rest on it. Without it the host counts the waiting items of both
   * classes for batch work, those of its own class for interactive work.
   */
  ahead?(item: QueueItem, now: number): number;
  /** The oldest or newest waiting item of a class, left in place: a candidate for eviction. */
  peek(priority: PriorityClass, end: 'oldest' | 'newest'): QueueItem | undefined;
  /**
   * What a dispatched item cost in the end, in tokens; one that charged its expected cost corrects itself.
   * Called once per dispatch when it is over, also for a cancelled one, but not for one that came back by `requeue`.
   * Without it, expected costs stand.
   */
  settle?(item: QueueItem, actualCost: number): void;
  /** Who got how much lately. A discipline that has it is fair, and its shares are exported as `admission_share`. */
  shares?(): readonly QueueShare[];
  /**
   * The waiting items in the order in which they would be dispatched at `now`, lazily; the queue stays as it is and
   * must not change while the order is read.
   */
  order?(now: number): Iterable<QueueItem>;
  /**
   * The waiting item that is least likely to be on time, left in place; undefined when each of them is sure to be.
   * A discipline that has it looks at deadlines: `deadlines_met_ratio` is exported, and the host asks it for whom to
   * evict when the queue stays full. `chanceOf` is the host's estimate, 0 to 1, for an item with `ahead` others before
   * it; 1 without a deadline.
   */
  leastHopeful?(now: number, chanceOf: (item: QueueItem, ahead: number) => number): QueueItem | undefined;
}

/** What a discipline may know about its pool. */
export interface QueueFacts {
  /** Share of a class against the other, where the operator has set one. */
  readonly classWeights?: Readonly<Partial<Record<PriorityClass, number>>>;
  /** Share of a tenant against another, by tenant id; 1 where nothing is set. */
  readonly tenantWeights?: Readonly<Record<string, number>>;
}

/** Makes the queue of one pool. */
export interface QueueDisciplineFactory {
  /** Without facts, what the options of the plugin say holds. */
  createQueue(facts?: QueueFacts): QueueDiscipline;
}

export type QueueDisciplinePlugin<Options = unknown> = Plugin<'queue-discipline', Options, QueueDisciplineFactory>;

/** Declares a queue discipline: the default export of its package. */
export function defineQueueDiscipline<Options>(
  definition: PluginDefinition<Options, QueueDisciplineFactory>,
): QueueDisciplinePlugin<Options> {
  return { ...definition, kind: 'queue-discipline' };
}
