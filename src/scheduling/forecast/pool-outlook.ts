import { type PriorityClass, type QueueItem } from '@llama-orch/plugin-sdk';
import { type PoolId, type TaskKey } from '../../kernel/ids.js';
import { type Random } from '../../kernel/random.js';
import { ArrivingWork } from './arriving-work.js';
import { Calibration, type RawForecast } from './calibration.js';
import { type Coming } from '../../pools/on-demand/workload.js';
import { type CorePool, type HeldPlaces } from '../core/model.js';
import { hasSuspensionsLeft } from '../core/preemption.js';
import { type Estimate, Estimator, type Progress, type Rates, type Workpiece, onTimeProbability } from './estimator.js';
import { type Arriving, type Forecastable, newcomerItem, workpieceOf } from './forecastable.js';
import { Overload, type OverloadRules, type QueueLoad } from './overload.js';
import { LONGEST_PLAYOUT, type Slots } from './play-out.js';
import { type Caller, PromisedPlaces } from '../promises/promised-places.js';
import { clampRetryMs } from '../promises/retry-wait.js';
import { rawStart } from './raw-start.js';
import { SlotEnds } from './slot-ends.js';
import { WaitingWork, type WaitingTasks } from './waiting-work.js';

/** When a task will start, and what that was worked out from. Milliseconds from now. */
export interface StartForecast extends Estimate {
  /** Absent when the task starts at once. */
  readonly raw?: RawForecast;
  /** A load is part of it, of which the calibration of the queue learns nothing. */
  readonly afterLoad?: true;
}

/** A task that had to wait has started. */
export interface StartOutcome {
  readonly poolId: PoolId;
  readonly priority: PriorityClass;
  readonly promised: Estimate;
  readonly actualMs: number;
}

/** A waiting task that is given up, and why. */
export interface Hopeless {
  readonly item: QueueItem;
  /** That it would have been on time, 0 to 1: the least of all that waited. */
  readonly chance: number;
  readonly load: QueueLoad;
}

interface Promised {
  readonly priority: PriorityClass;
  readonly forecast: StartForecast;
  readonly at: number;
}

const SMOOTHING = 0.2;
const JITTER = 0.1;
/** A place is kept once it is free, so it costs little to be told a later time. */
const RETRY_MARGIN = 0.1;
const RETRY_MARGIN_MS = 50;
/** Waiting items beyond which their chances are not compared: each costs a play-out. */
const MOST_COMPARED = 4096;
/** Promised places at once. Callers beyond are told when the last of them is due. */
const MOST_PROMISES = 1024;
export const AT_ONCE: StartForecast = { p50: 0, p90: 0 };
/** Parts in which the slots of a pool are played at least, so that a small pool has a spread too. */
const FEWEST_PARTS = 64;

/** What a pool can promise: built from its live queue and slots and from what it learned. Times in ms from `now`. */
export class PoolOutlook {
  readonly estimator: Estimator;
  private readonly places: PromisedPlaces;
  private readonly waiting = new WaitingWork();
  private readonly promises = new Map<TaskKey, Promised>();
  private readonly running: SlotEnds;
  private readonly overload: Overload;
  private readonly interactiveWork = new ArrivingWork();
  private readonly calibrations: Readonly<Record<PriorityClass, Calibration>> = {
    interactive: new Calibration(),
    batch: new Calibration(),
  };
  private firstTokenMs: number | undefined;

  constructor(
    readonly pool: CorePool,
    initial: Rates,
    private readonly random: Random,
    private readonly onStart: (outcome: StartOutcome) => void = () => {},
    overload?: OverloadRules,
    /** Slots of a pool that has none until its model is loaded; undefined while it has some. */
    private readonly coming: () => Coming | undefined = () => undefined,
  ) {
    this.overload = new Overload(overload);
    this.estimator = new Estimator(initial);
    this.places = new PromisedPlaces(MOST_PROMISES);
    this.running = new SlotEnds((task, now, q) =>
      this.estimator.remainingQuantileMs(workpieceOf(task), progressOf(task, now), q),
    );
  }

  /** A task waits; `forecast` is what it was promised at `now`, so that the outlook can learn how it came out. */
  enqueued(task: Forecastable, forecast: StartForecast, now: number): void {
    const service = this.estimator.expectedService(workpieceOf(task));
    this.waiting.add(task.key, task.request.priority, service);
    if (task.request.priority === 'interactive') this.interactiveWork.add(service, now);
    this.overload.observe(this.pool.queue.size, this.pool.capacity, now);
    if (forecast.raw === undefined) return;
    const promised = { priority: task.request.priority, forecast, at: now };
    this.promises.set(task.key, promised);
  }

  dispatched(task: Forecastable, now: number): void {
    this.learnFromStart(task, now);
    this.overload.observe(this.pool.queue.size, this.pool.capacity, now);
    this.leftQueue(task);
    this.running.add(task, now);
  }

  requeued(task: Forecastable): void {
    this.running.remove(task.key);
    this.waiting.add(task.key, task.request.priority, this.estimator.expectedService(workpieceOf(task)));
  }

  /** The task ended, wherever it was; a whole answer teaches the estimator. */
  ended(task: Forecastable): void {
    this.leftQueue(task);
    this.running.remove(task.key);
    if (task.state !== 'completed' || task.firstTokenAt === undefined) return;
    if (!task.interrupted) this.estimator.observeDecode(task.tokensOut, task.endedAt! - task.firstTokenAt);
    this.estimator.observeOutput(task.tokensOut, task.request.priority);
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

  /** Waiting tasks that would go before this newcomer, as the discipline has it. */
  aheadOf(task: Arriving, now: number): number {
    const { queue } = this.pool;
    if (queue.size === 0) return 0;
    if (queue.ahead !== undefined) return queue.ahead(newcomerItem(task, now, this.estimator), now);
    return task.request.priority === 'interactive' ? queue.sizeOf('interactive') : queue.size;
  }

  /** Start of a newcomer. */
  startOf(task: Arriving, now: number): StartForecast {
    return this.startAfter(this.aheadOf(task, now), now, task.request.priority);
  }

  /** Start of a task that has `ahead` others before it. */
  startAfter(ahead: number, now: number, priority: PriorityClass = 'interactive'): StartForecast {
    if (ahead === 0 && this.hasFreeSlot) return AT_ONCE;
    const raw = this.rawStart(ahead, now, priority);
    const { p50, p90 } = this.calibrations[priority].quantilesOf(raw);
    const load = this.coming();
    if (load === undefined) return { p50: Math.round(p50), p90: Math.round(p90), raw };
    const findsSlot = ahead + this.running.count < load.slots;
    if (findsSlot) return { p50: Math.round(load.p50), p90: Math.round(load.p90), raw, afterLoad: true };
    return { p50: Math.round(load.p50 + p50), p90: Math.round(load.p90 + p90), raw, afterLoad: true };
  }

  /** Start of a newcomer for which other work gives way; undefined when none may. */
  startByPreemption(task: Arriving, now: number): StartForecast | undefined {
    const { preemption, queue, replicas } = this.pool;
    const { priority } = task.request;
    if (preemption === undefined || priority !== 'interactive') return undefined;
    const isSuspendable = preemption.mode === 'hard' && !preemption.protect.includes('batch');
    const canSuspend = isSuspendable && hasSuspensionsLeft(this.pool, now);
    const interruptible = [...replicas.values()].some((replica) => replica.ready && replica.interruptible);
    if (canSuspend && interruptible && this.running.some(isBatch) && queue.sizeOf('interactive') === 0) return AT_ONCE;
    return queue.sizeOf('batch') === 0
      ? undefined
      : this.startAfter(Math.max(0, this.aheadOf(task, now) - 1), now, priority);
  }

  serviceMs(work: Workpiece): Estimate {
    return this.estimator.serviceMs(work);
  }

  /** Time until all that runs now has ended, most likely. */
  doneInMs(now: number): number {
    return this.running.firstEnds(this.running.count, 1, now).at(-1) ?? 0;
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
    return Math.round((this.coming()?.p50 ?? 0) + this.rawStart(0, now).medianMs);
  }

  /** When a refused caller may come again. A place is kept for it then, after those that were promised before. */
  retryMs(caller: Caller, now: number): number {
    const known = this.places.dueAt(caller, now);
    if (known !== undefined && known > now) return clampRetryMs(known - now);
    this.places.cameInVain(caller, now);
    const { p90 } = this.startAfter(this.turnsUntilPlace(caller.priority, now), now, caller.priority);
    const retryMs = clampRetryMs(RETRY_MARGIN_MS + p90 * (1 + RETRY_MARGIN + JITTER * this.random.next()));
    this.places.promise(caller, now + retryMs);
    return retryMs;
  }

  /** True when this call, by its name, holds a promise. */
  keepsPlaceFor(caller: Caller, now: number): boolean {
    return this.places.dueAt(caller, now) !== undefined;
  }

  /** Places of the queue that others were promised. */
  heldFrom(caller: Caller, now: number): HeldPlaces {
    return this.places.heldFrom(caller, now);
  }

  /** The caller has a place now. */
  redeem(caller: Caller, now: number): void {
    this.places.redeem(caller, now);
  }

  /** The waiting item that is least likely to be on time, while a queue that looks at deadlines stays nearly full. */
  leastHopeful(now: number, taskOf: (item: QueueItem) => Forecastable): Hopeless | undefined {
    const { queue, capacity } = this.pool;
    if (queue.leastHopeful === undefined || queue.size > MOST_COMPARED) return undefined;
    const load = this.overload.of(queue.size, capacity, now);
    if (load === undefined) return undefined;
    let least = 1;
    const found = queue.leastHopeful(now, (item, ahead) => {
      const chance = this.chanceOf(item, taskOf(item), ahead, now);
      least = Math.min(least, chance);
      return chance;
    });
    return found && { item: found, chance: least, load };
  }

  /** That a waiting task will be on time with `ahead` others before it. */
  private chanceOf({ priority, deadlineAt }: QueueItem, task: Forecastable, ahead: number, now: number): number {
    const start = this.startAfter(ahead, now, priority);
    const service = this.serviceMs(workpieceOf(task));
    const left = deadlineAt === undefined ? undefined : deadlineAt - now;
    return onTimeProbability(left, { p50: start.p50 + service.p50, p90: start.p90 + service.p90 });
  }

  onTime(task: Forecastable, now: number): number {
    const { deadlineAt } = task;
    return onTimeProbability(deadlineAt === undefined ? undefined : deadlineAt - now, this.remainingMs(task, now));
  }

  /** Time until a running task ends. */
  remainingMs(task: Forecastable, now: number): Estimate {
    return this.estimator.remainingMs(workpieceOf(task), progressOf(task, now));
  }

  /** Interactive work that is still to come goes before batch work that waits. */
  private rawStart(ahead: number, now: number, priority: PriorityClass = 'interactive'): RawForecast {
    const arriving = priority === 'batch' ? this.interactiveWork.seen(now) : undefined;
    const slots = this.slotsFor(arriving === undefined ? ahead + 1 : Infinity, now);
    const way = { ahead, work: this.workAhead(Math.max(1, ahead)), slots, arriving };
    return rawStart(way, (ofClass, q) => this.estimator.lengthDeviation(ofClass, q));
  }

  private slotsFor(tasks: number, now: number): Slots {
    const count = this.slotCount();
    const parts = Math.max(1, Math.ceil(FEWEST_PARTS / Math.max(1, count)));
    const free = Math.max(0, count - this.running.count);
    const wanted = Math.min(tasks * parts, LONGEST_PLAYOUT + parts);
    const ends = this.running.firstEnds(wanted, parts, now);
    const freeIn = free === 0 ? ends : [...new Array<number>(Math.min(free * parts, wanted)).fill(0), ...ends];
    return { parts, freeIn, count };
  }

  /** Tasks that have to start before there is a place: a full class frees one only when one of its own starts. */
  private turnsUntilPlace(priority: PriorityClass, now: number): number {
    const { queue, classCapacity } = this.pool;
    const promised = this.places.outstanding(now);
    const classFull = queue.sizeOf(priority) >= classCapacity[priority];
    return promised + (classFull && priority === 'batch' ? queue.sizeOf('interactive') : 0);
  }

  /** The next tasks; when none waits, as many as the one that runs. */
  private workAhead(tasks: number): WaitingTasks[] {
    if (this.waiting.count > 0) return this.waiting.first(tasks);
    const task = this.running.any();
    if (task === undefined) return [];
    const service = this.estimator.expectedService(workpieceOf(task));
    return [{ count: tasks, priority: task.request.priority, service }];
  }

  private slotCount(): number {
    let total = 0;
    for (const replica of this.pool.replicas.values()) if (replica.ready) total += replica.slots;
    return total === 0 ? (this.coming()?.slots ?? 0) : total;
  }

  private learnFromStart(task: Forecastable, now: number): void {
    const promised = this.promises.get(task.key);
    if (promised === undefined) return;
    const { priority, forecast, at } = promised;
    const actualMs = now - at;
    if (!forecast.afterLoad) this.calibrations[priority].observe(forecast.raw!, forecast, actualMs);
    this.onStart({ poolId: this.pool.id, priority, promised: forecast, actualMs });
  }

  private leftQueue(task: Forecastable): void {
    this.waiting.remove(task.key);
    this.promises.delete(task.key);
  }
}

function isBatch({ request }: Forecastable): boolean {
  return request.priority === 'batch';
}

function progressOf({ dispatchedAt, firstTokenAt, tokensOut, interrupted }: Forecastable, now: number): Progress {
  return {
    elapsedMs: now - (dispatchedAt ?? now),
    tokensOut,
    decodingMs: firstTokenAt === undefined || interrupted ? undefined : now - firstTokenAt,
  };
}
