import { EngineError } from '@llama-orch/plugin-sdk';
import { type Clock } from '../../kernel/clock.js';
import { type ReplicaId } from '../../kernel/ids.js';
import { type Metrics } from '../../observability/metrics.js';
import { type Crew } from '../crew.js';
import { type Served, namesOf } from '../generation.js';
import { type PoolModel } from '../model-ref.js';
import { type Pool, type PoolService } from '../pool.js';
import { type Replica } from '../replica.js';
import { type PoolTraffic } from '../traffic.js';

export interface ReloadRequest {
  readonly model: PoolModel;
  /** How long tasks that the new model cannot serve may hold it up. */
  readonly deadlineMs: number;
  /** `sha256:<hex>` that the weights must have. */
  readonly digest: string | undefined;
}

export interface JourneyPorts {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly traffic: PoolTraffic;
  /** Supervisors of a generation that serves nobody yet. */
  readonly stage: (pool: Pool, model: PoolModel) => Crew;
  /** Makes a crew the one that serves, in place of another. */
  readonly appoint: (crew: Crew, before: Crew) => void;
  /** Whether a start of the replica would find room if those replicas were gone. */
  readonly wouldFit: (pool: Pool, replica: Replica, gone: ReadonlySet<ReplicaId>) => boolean;
  /** Ends a crew for good. */
  readonly dismiss: (crew: Crew) => Promise<void>;
  /** Aborted when the daemon stops. */
  readonly stop: AbortSignal;
}

type Undo = () => Promise<void> | void;

/** One reload while it is under way: what it has done so far, and how each of it is undone. */
export class Journey {
  /** The new model, as far as it has been resolved. */
  model: PoolModel;
  /** Bytes of the new weights, where they are a local file. */
  weightsBytes: number | undefined;
  staged: Crew | undefined;
  /** Tasks that the deadline ended. */
  endedTasks = 0;
  /** No slot is given out. */
  isHeld: boolean;
  /** Somebody was served before, or would have been by a model that loads on demand: there is a way back worth going. */
  readonly oldServed: boolean;
  /** It was ended to make room, and could not be started again. */
  oldIsLost = false;
  private readonly undos: Undo[] = [];
  private deadlineAt: number | undefined;

  constructor(
    readonly request: ReloadRequest,
    readonly old: Crew,
    /** What the pool was before. */
    readonly cameFrom: PoolService,
    readonly ports: JourneyPorts,
  ) {
    this.model = request.model;
    this.isHeld = cameFrom === 'draining' || cameFrom === 'stopped';
    const rests = cameFrom === 'open' && old.generation.replicas.some(({ state }) => state === 'unloaded');
    this.oldServed = rests || old.readyReplicas.length > 0;
  }

  get pool(): Pool {
    return this.old.pool;
  }

  /** The new model, as far as it is known by now. */
  get next(): Served {
    const modelNames = namesOf(this.model, this.request.digest);
    return this.staged?.generation ?? { modelNames, description: undefined };
  }

  /** @throws EngineError when nothing is staged any more */
  get newcomer(): Crew {
    if (this.staged !== undefined) return this.staged;
    throw new EngineError('unavailable', 'the new model is not loaded');
  }

  /** False: the staged model would have no room even if the old one were gone. */
  get wouldFitAlone(): boolean {
    const { pool, old, staged, ports } = this;
    const gone = old.generation.replicas.map(({ id }) => id);
    // A replica that has found room must not stand in its own way.
    const fits = (one: Replica): boolean => ports.wouldFit(pool, one, new Set([...gone, one.id]));
    return staged === undefined || staged.generation.replicas.every(fits);
  }

  /** To be called before what it undoes is begun. */
  undoBy(undo: Undo): void {
    this.undos.push(undo);
  }

  get undoCount(): number {
    return this.undos.length;
  }

  /** Undoes what was done since there were `count` ways back, the last first. Tasks get the whole deadline anew. */
  async goBack(count = 0): Promise<void> {
    this.deadlineAt = undefined;
    while (this.undos.length > count) await this.undos.pop()!();
  }

  /** Gives out no slot until a model is appointed. */
  hold(): void {
    this.isHeld = true;
    this.ports.traffic.hold(this.pool);
  }

  /** Makes another crew the one that serves, in one turn: whom it cannot serve is gone before. */
  async exchange(from: Crew, to: Crew): Promise<void> {
    const { traffic, appoint } = this.ports;
    while (traffic.waiting(this.pool, to.generation) > 0) await this.letStrangersGo(to.generation);
    appoint(to, from);
    this.isHeld = false;
  }

  /** Nobody is admitted any more until the model has changed. */
  closeAdmission(): void {
    this.pool.service = 'reloading';
  }

  /** Waits, but not longer than the deadline of the reload, which counts from the first wait on. */
  async untilOrLate(holds: () => boolean): Promise<void> {
    const { clock, traffic, stop } = this.ports;
    this.deadlineAt ??= clock.now() + this.request.deadlineMs;
    this.pool.outUntil = this.deadlineAt;
    const late = new AbortController();
    const leftMs = this.deadlineAt - clock.now();
    if (leftMs <= 0) late.abort();
    const cancelTimer = clock.schedule(Math.max(0, leftMs), () => late.abort());
    await traffic.until(holds, AbortSignal.any([late.signal, stop]));
    cancelTimer();
  }

  /** @throws EngineError when the daemon stops */
  requireGoing(): void {
    if (this.ports.stop.aborted) throw new EngineError('unavailable', 'the daemon stops');
  }

  /** Lets tasks that `next` cannot serve go first; those that are left at the deadline are ended. */
  async letStrangersGo(next: Served): Promise<void> {
    const { traffic } = this.ports;
    const { pool } = this;
    this.closeAdmission();
    traffic.moveAway(pool, next);
    if (!this.isHeld) await this.untilOrLate(() => traffic.waiting(pool, next) === 0);
    this.endedTasks += traffic.endWaiting(pool, this.whyEnded, next);
  }

  /** Lets tasks on these replicas end; those that are left at the deadline are ended. */
  async letRunsEnd(replicas: readonly Replica[]): Promise<void> {
    const { traffic } = this.ports;
    await this.untilOrLate(() => traffic.running(this.pool, replicas) === 0);
    const ended = traffic.endRunning(this.pool, replicas, this.whyEnded);
    this.endedTasks += ended;
    if (ended > 0) this.noteForce(ended);
  }

  private noteForce(ended: number): void {
    const { clock } = this.ports;
    const message = `reloaded by force: ${ended} running tasks were ended at the deadline`;
    this.pool.forcedStop = { code: 'POOL_UNAVAILABLE', message, at_ms: clock.epochMs() };
  }

  private get whyEnded(): string {
    return `pool ${this.pool.id} changes its model; send the task again, with the name of a model that is served`;
  }
}
