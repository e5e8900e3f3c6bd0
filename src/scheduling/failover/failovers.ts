import { type CancelTimer } from '../../kernel/clock.js';
import { type ErrorCode } from '../../kernel/errors.js';
import { type Pool } from '../../pools/pool.js';
import { engineIdentity, repeatsItself } from '../../tasks/engine-identity.js';
import { type Task } from '../../tasks/task.js';
import { type FailoverOffer } from '../core/failover.js';
import { type CorePool, type TaskEnd } from '../core/model.js';
import { type SchedulerTraffic, type TrafficCore, type TrafficPorts } from '../pool-traffic.js';

/** Hears of what concerns tasks that wait, before anything is made of it. */
export interface FailoverListener {
  /** A task goes to an engine. */
  dispatched(task: Task): void;
  ended(task: Task): void;
  /** A replica has become ready. */
  capacityCame(): void;
}

/** Answers whose engines were lost after their first tokens, until another run goes on with them. */
export class Failovers {
  /** Those that wait for a slot, each with the end of its patience. */
  private readonly waiting = new Map<Task, CancelTimer>();
  /** Somewhere a slot may have come free for one that waits. */
  private due = false;
  private listener: FailoverListener | undefined;

  constructor(
    private readonly ports: TrafficPorts,
    private readonly core: Pick<TrafficCore, 'state' | 'event'>,
    private readonly traffic: SchedulerTraffic,
  ) {}

  watchBy(listener: FailoverListener): void {
    this.listener = listener;
  }

  /**
   * How a task whose engine is lost may go on; undefined where its reader has nothing yet, or equal runs may differ.
   * One whose second engine was lost at the very same token is not sent to a third.
   */
  offerFor(task: Task, stoodStill: boolean): FailoverOffer | undefined {
    const pool = this.poolOf(task);
    const { mode, max } = pool.config.failover;
    if (mode === 'off' || task.firstTokenAt === undefined || !isExact(pool, task)) return undefined;
    return { most: stoodStill ? 0 : max, elsewhere: this.othersFor(task).length > 0 };
  }

  /** The engine of a task was lost, and its answer is to go on. */
  begin(task: Task, code: ErrorCode): void {
    const { clock, telemetry } = this.ports;
    if (task.lost) telemetry.failedOver(task, 'failed');
    task.failOver(clock.now());
    telemetry.lost(task, code);
    this.wait(task, this.waitMsOf(task));
    this.due = true;
  }

  /** Its engine ended with an earlier daemon. The model has to be loaded anew, for which it waits as well. */
  restored(task: Task): void {
    this.wait(task, this.waitMsOf(task) + this.poolOf(task).config.timeouts.load_ms);
  }

  /** True when an answer whose engine was lost may go on: another run says the same, and it has not had its share of them. */
  mayGoOn(task: Task): boolean {
    const offer = this.offerFor(task, false);
    return offer !== undefined && task.failovers < offer.most;
  }

  /** A slot was found. */
  dispatched(task: Task): void {
    this.stopWaiting(task);
    this.listener?.dispatched(task);
  }

  /** The reader gets what it did not have. */
  resumed(task: Task): void {
    if (task.lost) this.ports.telemetry.failedOver(task, 'continued');
  }

  /** The other run said something else than the reader has; its task ends now. */
  diverged(task: Task): void {
    if (task.lost) this.ports.telemetry.failedOver(task, 'diverged');
    task.lost = false;
  }

  ended(task: Task, { type }: TaskEnd): void {
    this.stopWaiting(task);
    this.listener?.ended(task);
    if (!task.lost) return;
    const isCalledOff = type === 'cancelled' || type === 'budget';
    this.ports.telemetry.failedOver(task, type === 'completed' ? 'continued' : isCalledOff ? 'abandoned' : 'failed');
  }

  /** A replica has become ready, or a pool open. */
  noteCapacity(): void {
    this.due = true;
    this.listener?.capacityCame();
  }

  /** Moves those that wait where nobody serves to where somebody does. To be called after every event. */
  look(): void {
    if (!this.due || this.waiting.size === 0) return;
    this.due = false;
    for (const task of [...this.waiting.keys()]) this.moveOn(task);
  }

  private wait(task: Task, waitMs: number): void {
    const giveUp = () => this.giveUp(task, waitMs);
    this.waiting.set(task, this.ports.clock.schedule(waitMs, giveUp));
  }

  private stopWaiting(task: Task): void {
    this.waiting.get(task)?.();
    this.waiting.delete(task);
  }

  private moveOn(task: Task): void {
    const waiting = this.core.state().tasks.get(task.key);
    if (waiting?.phase !== 'queued' || serves(waiting.pool)) return;
    this.traffic.moveOne(waiting, this.othersFor(task));
  }

  private giveUp(task: Task, waitMs: number): void {
    const message = `the engine was lost, and no replica was free within ${waitMs} ms to go on with the answer; send the task again`;
    this.core.event({ type: 'called-off', key: task.key, code: 'WORKER_RESET', message });
  }

  /** What the task may still run bounds also how long it is worth waiting for. */
  private waitMsOf(task: Task): number {
    const { failover, timeouts } = this.poolOf(task).config;
    return Math.max(0, Math.min(failover.wait_ms, Math.round(timeouts.wall_ms - task.lostRunMs)));
  }

  /** Other pools that serve now and answer this task as the lost engine did. */
  private othersFor(task: Task): readonly Pool[] {
    return this.ports.pools.all.filter((pool) => pool.id !== task.poolId && pool.ready && answersAlike(pool, task));
  }

  private poolOf({ poolId }: Task): Pool {
    return this.ports.pools.get(poolId)!;
  }
}

/** A pool whose engine has not answered since the start counts as exact; what brought the first token said what it is. */
function isExact({ determinism }: Pool, { request, answeredBy }: Task): boolean {
  if (request.determinism === 'best_effort' || determinism !== 'exact') return false;
  return answeredBy !== undefined && repeatsItself(answeredBy);
}

function answersAlike({ engine, model, description, config, determinism }: Pool, task: Task): boolean {
  if (description === undefined || determinism !== 'exact') return false;
  if (config.sampler_profile_version !== task.request.samplerProfileVersion) return false;
  return engineIdentity(engine, model.ref, description) === task.answeredBy;
}

function serves({ replicas, draining }: CorePool): boolean {
  return draining !== true && [...replicas.values()].some(({ ready }) => ready);
}
