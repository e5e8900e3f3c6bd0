import { EngineError, isEngineError } from '@llama-orch/plugin-sdk';
import { type CancelTimer, type Clock } from '../../kernel/clock.js';
import { type PoolId, type ReplicaId } from '../../kernel/ids.js';
import { type Launch } from '../launch.js';
import { type Pool } from '../pool.js';
import { type Replica } from '../replica.js';
import { comingOf } from './coming.js';
import { type LoadTimes } from './load-times.js';
import { isNoRoom, type Memory } from './memory.js';
import { type Leaving, Occupant } from './occupant.js';
import { planRoom, type Resident, type ResidencyRules, type RoomPlan } from './room-plan.js';
import { type OnDemandTelemetry } from './telemetry.js';
import { Wish } from './wish.js';
import { Wishes } from './wishes.js';
import { type Coming, type Workload } from './workload.js';

/** What can be done to replicas. */
export interface Keeper {
  readonly all: readonly Pool[];
  wake(id: ReplicaId): void;
  /** Resolves when nothing of it is left in memory. */
  unload(id: ReplicaId): Promise<void>;
  /** It gets no further task. */
  pause(pool: Pool, replica: Replica): void;
  resume(pool: Pool, replica: Replica): void;
}

export interface ResidentsPorts {
  readonly clock: Clock;
  readonly rules: ResidencyRules;
  readonly memory: Memory;
  readonly times: LoadTimes;
  /** Absent when no pool loads on demand. */
  readonly telemetry?: OnDemandTelemetry;
}

/** Whoever found no room tries again after this, as memory may come free that nobody here knows of. */
const RETRY_MS = 2_000;
/** The driver gives the memory of an ended process back after a while. */
const SETTLE_MS = 250;
const LONGEST_HOPE_MS = 15_000;
/** A further replica of a pool tries that much later. */
const REST_MS = 10_000;
const LEAST_TIMER_MS = 10;

/** Decides which models that load on demand are in memory. Looks at the world after every change, and acts. */
export class Residents {
  private readonly occupants = new Map<Replica, Occupant>();
  private readonly wishes = new Wishes();
  private keeper: Keeper | undefined;
  private workload: Workload | undefined;
  private looking = false;
  private cancelTimer: CancelTimer = () => {};
  private dueAt = Infinity;

  constructor(private readonly ports: ResidentsPorts) {}

  start(keeper: Keeper, workload: Workload): void {
    this.keeper = keeper;
    this.workload = workload;
    this.look();
  }

  stop(): void {
    this.keeper = undefined;
    this.cancelTimer();
  }

  /** Something may have changed. Everything that happens in one turn is looked at once. */
  look(): void {
    if (this.looking || (this.wishes.all.length === 0 && this.onDemand().length === 0)) return;
    this.looking = true;
    queueMicrotask(() => {
      this.looking = false;
      if (this.keeper !== undefined) this.decide(this.keeper);
    });
  }

  /**
   * Runs `launch` once there is room, for which others may have to go.
   * @throws EngineError what `launch` throws when nobody can make room, or that nobody wants the model any more
   */
  async claim(pool: Pool, replica: Replica, stop: AbortSignal, launch: () => Promise<Launch>): Promise<Launch> {
    if (this.isUnwanted(pool)) return this.sendToSleep(pool, replica, 'unwanted');
    const wish = new Wish(pool, replica, this.ports.clock.now());
    this.wishes.add(wish);
    try {
      for (;;) {
        const launched = this.mayTry(wish) ? await this.try(wish, launch) : undefined;
        if (launched !== undefined) return this.moveIn(wish, launched);
        if (this.isFurther(wish)) return this.sendToSleep(pool, replica, 'no_room');
        const turn = wish.turn(stop);
        this.look();
        await turn;
      }
    } finally {
      this.wishes.remove(wish);
      this.look();
    }
  }

  /** When slots will be there in a pool that has none now; undefined when it has some, or nobody knows. */
  coming(poolId: PoolId): Coming | undefined {
    const pool = this.onDemand().find(({ id }) => id === poolId);
    if (pool === undefined || this.workload === undefined) return undefined;
    const { workload } = this;
    return comingOf(pool, {
      ...this.ports,
      now: this.ports.clock.now(),
      older: this.wishes.before(pool),
      loadingSince: (replica) => {
        const { holds, leaving, loadingSince } = this.occupant(pool, replica);
        return holds && leaving === undefined ? loadingSince : undefined;
      },
      planFor: (replica) => this.planFor(pool, replica, this.wishes.spokenBefore(pool)),
      doneInMs: (id) => workload.doneInMs(this.find(id)!.pool.id),
    });
  }

  private onDemand(): readonly Pool[] {
    return this.keeper?.all.filter(({ config }) => !config.preload) ?? [];
  }

  private decide(keeper: Keeper): void {
    const now = this.ports.clock.now();
    this.dueAt = Infinity;
    for (const pool of this.onDemand()) this.keep(keeper, pool, now);
    this.makeRoom(now);
    this.cancelTimer();
    if (this.dueAt === Infinity) return;
    this.cancelTimer = this.ports.clock.schedule(Math.max(LEAST_TIMER_MS, this.dueAt - now), () => this.look());
  }

  private lookAgainAt(at: number): void {
    this.dueAt = Math.min(this.dueAt, at);
  }

  /** Wakes who is needed, and lets go who is not. */
  private keep(keeper: Keeper, pool: Pool, now: number): void {
    const waiting = this.workload!.waitingIn(pool.id);
    for (const replica of pool.replicas) {
      const occupant = this.occupant(pool, replica);
      const busy = this.busy(occupant);
      occupant.adopt(now);
      occupant.note(waiting + busy > 0, now);
      if (occupant.leaving !== undefined) this.seeOff(occupant);
      else if (pool.service !== 'open') continue;
      else if (replica.state === 'unloaded') this.wakeWhenNeeded(keeper, occupant, waiting, now);
      else if (waiting === 0 && this.wishes.of(replica)?.waits) this.leave(occupant, { reason: 'unwanted' });
      else if (replica.ready && busy + waiting === 0) this.unloadWhenIdle(occupant, now);
    }
  }

  private wakeWhenNeeded(keeper: Keeper, { pool, replica, restsUntil }: Occupant, waiting: number, now: number): void {
    if (waiting === 0) return;
    if (restsUntil > now && this.hasSibling(pool, replica)) return this.lookAgainAt(restsUntil);
    keeper.wake(replica.id);
  }

  private unloadWhenIdle(occupant: Occupant, now: number): void {
    const { unload_after_ms: afterMs } = occupant.pool.config;
    if (afterMs === 0) return;
    const { readyAt = now, usedAt } = occupant;
    const goesAt = Math.max(usedAt + afterMs, readyAt + this.ports.rules.minLoadedMs);
    if (goesAt > now) return this.lookAgainAt(goesAt);
    this.leave(occupant, { reason: 'idle' });
  }

  /** From now on it gets no task; it goes when its last one has ended. */
  private leave(occupant: Occupant, why: Omit<Leaving, 'unloading'>): void {
    const { pool, replica } = occupant;
    occupant.leaving = { ...why, unloading: false };
    if (replica.ready) this.keeper!.pause(pool, replica);
    this.seeOff(occupant);
  }

  private seeOff(occupant: Occupant): void {
    const { pool, replica } = occupant;
    const { reason, unloading, wish } = occupant.leaving!;
    if (unloading) return;
    if (wish !== undefined && !this.wishes.has(wish)) return this.stay(occupant);
    if (this.busy(occupant) > 0) return;
    occupant.leaving!.unloading = true;
    if (occupant.holds) this.ports.telemetry?.unloaded(pool, replica, reason, wish?.replica.id);
    void this.keeper!.unload(replica.id).finally(() => {
      occupant.leaving = undefined;
      this.look();
    });
  }

  /** Whoever needed its memory does not any more. */
  private stay(occupant: Occupant): void {
    occupant.leaving = undefined;
    if (occupant.replica.state === 'draining') this.keeper!.resume(occupant.pool, occupant.replica);
  }

  /** The oldest wish is served first; what it counts on is not given to younger ones. */
  private makeRoom(now: number): void {
    const spoken = new Set<ReplicaId>();
    for (const wish of [...this.wishes.all]) {
      if (wish.waits) this.further(wish, spoken, now);
      for (const id of wish.victims) spoken.add(id);
    }
  }

  private further(wish: Wish, spoken: Set<ReplicaId>, now: number): void {
    if (!this.mayTry(wish)) return;
    if (wish.refusal === undefined) return wish.proceed();
    if ([...wish.victims].some((id) => this.find(id)?.leaving !== undefined)) return;
    if (wish.victims.size > 0) return wish.proceed();
    const plan = this.planFor(wish.pool, wish.replica, spoken);
    wish.holdsDoor = plan.type === 'room' || plan.type === 'evict';
    if (plan.type === 'evict') return this.evict(wish, plan.victims);
    if (this.isHopeless(wish, plan, now)) return wish.giveUp(wish.refusal);
    if (plan.type === 'wait') this.await(wish, plan, spoken);
    this.retry(wish, plan.type === 'room' ? SETTLE_MS : RETRY_MS, now);
  }

  private retry(wish: Wish, afterMs: number, now: number): void {
    if (now - wish.triedAt >= afterMs) return wish.proceed();
    this.lookAgainAt(wish.triedAt + afterMs);
  }

  /** Memory that is on its way back is waited for, though not for ever; so is what somebody older gets first. */
  private isHopeless(wish: Wish, { type }: RoomPlan, now: number): boolean {
    if (type === 'room') return now - (wish.hopedSince ??= now) > LONGEST_HOPE_MS;
    wish.hopedSince = undefined;
    if (type === 'wait' || this.planFor(wish.pool, wish.replica, new Set()).type !== 'impossible') return false;
    return !this.isStartedBeside(wish) && ![...this.occupants.values()].some(isGoing);
  }

  /** Somebody has claimed memory for an engine that is not there yet; once it is, it can be asked to give way. */
  private isStartedBeside(wish: Wish): boolean {
    const { memory } = this.ports;
    return this.wishes.all.some((other) => other !== wish && !other.waits && memory.meet(other.pool, wish.pool));
  }

  private await(wish: Wish, { victims, untilAt }: Extract<RoomPlan, { type: 'wait' }>, spoken: Set<ReplicaId>): void {
    for (const id of victims) spoken.add(id);
    this.lookAgainAt(untilAt);
    if (wish.announced) return;
    wish.announced = true;
    this.ports.telemetry?.waits(wish.pool, wish.replica, victims, untilAt - this.ports.clock.now());
  }

  private evict(wish: Wish, victims: readonly ReplicaId[]): void {
    for (const id of victims) {
      wish.victims.add(id);
      wish.gaveWay.add(id);
    }
    for (const id of victims) this.leave(this.find(id)!, { reason: 'swap', wish });
  }

  private planFor(pool: Pool, replica: Replica, spoken: ReadonlySet<ReplicaId>): RoomPlan {
    const { clock, memory, rules, times } = this.ports;
    return planRoom({
      residents: this.residentsBeside(pool, spoken),
      loadMs: times.of(pool).p50,
      fits: (gone) => memory.wouldFit(pool, replica.id, gone),
      ...{ rules, now: clock.now() },
    });
  }

  /** Those that may be asked to make room for a pool. */
  private residentsBeside(pool: Pool, spoken: ReadonlySet<ReplicaId>): Resident[] {
    return [...this.occupants.values()]
      .filter((one) => one.holds && one.leaving === undefined && !spoken.has(one.replica.id))
      .filter((one) => one.pool !== pool && isAsked(one.pool) && this.ports.memory.meet(pool, one.pool))
      .map((one) => this.residentOf(one));
  }

  private residentOf(occupant: Occupant): Resident {
    const { pool, readyAt, replica, usedAt } = occupant;
    const loadMs = this.ports.times.of(pool).p50;
    const waiting = this.workload!.waitingIn(pool.id);
    return { id: replica.id, busy: this.busy(occupant), waiting, loadMs, readyAt, usedAt };
  }

  private mayTry(wish: Wish): boolean {
    const { clock, memory, rules } = this.ports;
    return this.wishes.mayTry(wish, memory, clock.now(), rules.maxTurnMs);
  }

  private async try(wish: Wish, launch: () => Promise<Launch>): Promise<Launch | undefined> {
    wish.triedAt = this.ports.clock.now();
    // Time that is spent waiting for memory is not time that a load takes.
    wish.replica.startAt = wish.triedAt;
    try {
      return await launch();
    } catch (error) {
      if (!isEngineError(error) || !isNoRoom(error)) throw error;
      wish.refusal = error;
      wish.victims.clear();
      return undefined;
    }
  }

  private moveIn({ gaveWay, pool, replica, since, triedAt }: Wish, launch: Launch): Launch {
    const { clock, telemetry, times } = this.ports;
    const occupant = this.occupant(pool, replica);
    occupant.movedIn(triedAt);
    const loaded = () => {
      const now = clock.now();
      occupant.loaded(now);
      times.observe(pool, now - triedAt);
      if (!pool.config.preload) telemetry?.loaded(pool, replica, now - triedAt, triedAt - since, [...gaveWay]);
      launch.loaded?.();
    };
    const end = async () => {
      await launch.end();
      occupant.holds = false;
      this.look();
    };
    const failed = (error: EngineError) => launch.failed?.(error);
    return { endpoint: launch.endpoint, ...(launch.lost && { lost: launch.lost }), loaded, failed, end };
  }

  /** A start that is not gone through with: the replica sleeps on. */
  private sendToSleep(pool: Pool, replica: Replica, reason: 'unwanted' | 'no_room'): never {
    this.occupant(pool, replica).restsUntil = this.ports.clock.now() + REST_MS;
    // It is asleep only once this start is over, so nobody may wait for that here.
    void this.keeper?.unload(replica.id).finally(() => this.look());
    throw new EngineError('unavailable', `replica ${replica.id} of pool ${pool.id} is not loaded now`, { reason });
  }

  private isUnwanted(pool: Pool): boolean {
    return isAsked(pool) && this.workload?.waitingIn(pool.id) === 0;
  }

  /** Only the first replica of a pool lets others make room for it. */
  private isFurther({ pool, replica }: Wish): boolean {
    return !pool.config.preload && this.hasSibling(pool, replica);
  }

  private hasSibling(pool: Pool, replica: Replica): boolean {
    return pool.replicas.some(
      (other) => other !== replica && (this.occupant(pool, other).holds || this.wishes.isBefore(other, replica)),
    );
  }

  private busy({ pool, replica }: Occupant): number {
    return this.workload!.busySlotsOf(pool.id, replica.id);
  }

  private find(id: ReplicaId): Occupant | undefined {
    for (const occupant of this.occupants.values()) if (occupant.replica.id === id) return occupant;
    return undefined;
  }

  private occupant(pool: Pool, replica: Replica): Occupant {
    const known = this.occupants.get(replica);
    if (known !== undefined) return known;
    this.forgetEnded();
    const occupant = new Occupant(pool, replica);
    this.occupants.set(replica, occupant);
    return occupant;
  }

  /** Those of generations that are gone: others have their ids now. */
  private forgetEnded(): void {
    for (const replica of this.occupants.keys()) if (replica.state === 'stopped') this.occupants.delete(replica);
  }
}

/** Only what loads on demand makes room for others, and nothing that an operator drains or reloads. */
function isAsked({ config, service }: Pool): boolean {
  return !config.preload && service === 'open';
}

/** Its memory comes free before long. */
function isGoing({ holds, leaving, pool }: Occupant): boolean {
  return leaving !== undefined || (holds && pool.draining);
}
