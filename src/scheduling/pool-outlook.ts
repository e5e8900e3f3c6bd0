import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type Random } from '../kernel/random.js';
import { type TaskKey } from '../kernel/ids.js';
import { type CorePool } from './core/model.js';
import { type Estimate, Estimator, type Rates, type Workpiece, onTimeProbability, startAfter } from './estimator.js';
import { type Forecastable } from './forecastable.js';
import { RetryClock } from './retry-clock.js';

const SMOOTHING = 0.2;
const NOW: Estimate = { p50: 0, p90: 0 };

/** What a pool can promise: built from its live queue and slots and from what it learned. Times in ms from `now`. */
export class PoolOutlook {
  readonly estimator: Estimator;
  private readonly retryClock: RetryClock;
  private readonly running = new Map<TaskKey, Forecastable>();
  private readonly waiting = new Map<TaskKey, Estimate>();
  private waitingSum: Estimate = NOW;
  private firstTokenMs: number | undefined;

  constructor(
    readonly pool: CorePool,
    initial: Rates,
    random: Random,
  ) {
    this.estimator = new Estimator(initial);
    this.retryClock = new RetryClock(random);
  }

  /** A task found a free slot: nobody has to wait for a place. */
  foundRoom(): void {
    this.retryClock.forgetPromises();
  }

  enqueued(task: Forecastable): void {
    const service = this.estimator.serviceMs(workpieceOf(task));
    this.waiting.set(task.key, service);
    this.waitingSum = { p50: this.waitingSum.p50 + service.p50, p90: this.waitingSum.p90 + service.p90 };
  }

  dispatched(task: Forecastable): void {
    this.leftQueue(task);
    this.running.set(task.key, task);
  }

  requeued(task: Forecastable): void {
    this.running.delete(task.key);
    this.enqueued(task);
  }

  /** The task ended, wherever it was; a whole answer teaches the estimator. */
  ended(task: Forecastable): void {
    this.leftQueue(task);
    this.running.delete(task.key);
    if (task.state !== 'completed' || task.firstTokenAt === undefined) return;
    this.estimator.observeDecode(task.tokensOut, task.endedAt! - task.firstTokenAt);
    this.estimator.observeOutput(task.tokensOut);
  }

  firstToken(task: Forecastable): void {
    this.estimator.observePrefill(task.promptTokens, task.firstTokenAt! - task.dispatchedAt!);
    const ms = task.firstTokenAt! - task.request.receivedAt;
    this.firstTokenMs = this.firstTokenMs === undefined ? ms : this.firstTokenMs + SMOOTHING * (ms - this.firstTokenMs);
  }

  /** Receipt to first token, smoothed; undefined before the first one. */
  get meanFirstTokenMs(): number | undefined {
    return this.firstTokenMs === undefined ? undefined : Math.round(this.firstTokenMs);
  }

  /** Waiting tasks that a newcomer of this class would find before it. */
  aheadOf(priority: PriorityClass): number {
    const { queue } = this.pool;
    return priority === 'interactive' ? queue.sizeOf('interactive') : queue.size;
  }

  /** Start of a task that has `ahead` others before it. */
  startAfter(ahead: number, now: number): Estimate {
    if (ahead === 0 && this.hasFreeSlot) return NOW;
    return startAfter(ahead, this.slots(now), this.meanService());
  }

  serviceMs(work: Workpiece): Estimate {
    return this.estimator.serviceMs(work);
  }

  /** True when a task would start at once. */
  get hasFreeSlot(): boolean {
    if (this.pool.queue.size > 0) return false;
    for (const replica of this.pool.replicas.values()) if (replica.ready && replica.busy < replica.slots) return true;
    return false;
  }

  /** 0 while the queue is at most half full, else the time until one place frees. */
  backoffMs(now: number): number {
    if (this.pool.queue.size * 2 <= this.pool.capacity) return 0;
    return Math.round(this.placeFrees(now).p50);
  }

  /** When a refused caller may come again; each one gets a place of its own. */
  retryMs(now: number): number {
    const slots = Math.max(1, this.slots(now).length);
    return this.retryClock.nextRetryMs(now, this.placeFrees(now).p90, this.meanService().p90 / slots);
  }

  onTime(task: Forecastable, now: number): number {
    const { deadlineAt } = task;
    const progress = { elapsedMs: now - (task.dispatchedAt ?? now), tokensOut: task.tokensOut };
    return onTimeProbability(
      deadlineAt === undefined ? undefined : deadlineAt - now,
      this.estimator.remainingMs(workpieceOf(task), progress),
    );
  }

  private placeFrees(now: number): Estimate {
    const slots = this.slots(now);
    if (slots.length === 0) return this.meanService();
    return {
      p50: Math.min(...slots.map((slot) => slot.p50)),
      p90: Math.min(...slots.map((slot) => slot.p90)),
    };
  }

  /** For each slot of a Ready replica, the time until it is free. */
  private slots(now: number): Estimate[] {
    let total = 0;
    for (const replica of this.pool.replicas.values()) if (replica.ready) total += replica.slots;
    const busy: Estimate[] = [];
    for (const task of this.running.values()) {
      const progress = { elapsedMs: now - (task.dispatchedAt ?? now), tokensOut: task.tokensOut };
      busy.push(this.estimator.remainingMs(workpieceOf(task), progress));
    }
    return [...busy, ...Array.from({ length: Math.max(0, total - busy.length) }, () => NOW)];
  }

  private meanService(): Estimate {
    const count = this.waiting.size;
    if (count > 0) return { p50: this.waitingSum.p50 / count, p90: this.waitingSum.p90 / count };
    const [task] = this.running.values();
    return task === undefined ? NOW : this.estimator.serviceMs(workpieceOf(task));
  }

  private leftQueue(task: Forecastable): void {
    const service = this.waiting.get(task.key);
    if (service === undefined) return;
    this.waiting.delete(task.key);
    const { p50, p90 } = this.waitingSum;
    this.waitingSum = this.waiting.size === 0 ? NOW : { p50: p50 - service.p50, p90: p90 - service.p90 };
  }
}

export function workpieceOf(task: Forecastable): Workpiece {
  const { maxTokens, expectedTokens } = task.request;
  return { promptTokens: task.promptTokens, maxTokens, expectedTokens };
}
