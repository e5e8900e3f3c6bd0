import { type PlacementStrategy, type QueueDisciplineFactory } from '@llama-orch/plugin-sdk';
import { type FleetConfig } from '../../config/index.js';
import { ERRORS, type ErrorCode } from '../../kernel/errors.js';
import { type SessionId, type TaskKey, sessionKey } from '../../kernel/ids.js';
import { SeededRandom } from '../../kernel/random.js';
import {
  type SchedulerCommand,
  type SchedulerEvent,
  type SchedulerState,
  type TaskEnd,
  emptyState,
} from '../core/model.js';
import { step } from '../core/step.js';
import { isLate, missedDeadline } from '../forecast/feasibility.js';
import { Newcomer } from '../forecast/newcomer.js';
import { type PoolOutlook } from '../forecast/pool-outlook.js';
import { bestPool } from '../pool-ranking.js';
import { callerOf, itemOf, sizePart } from '../queue-item.js';
import { RateReports, asksForRates } from '../rates/rate-reports.js';
import { DecisionHash } from './decision-hash.js';
import { Engines } from './engines.js';
import { EventHeap } from './event-heap.js';
import { type Observer } from './observer.js';
import { type Fate } from './outcomes.js';
import { SimFleet } from './sim-fleet.js';
import { SimTask } from './sim-task.js';
import { type Fault, type TaskSpec, type Workload } from './workload.js';

type EventOf<Type extends SchedulerEvent['type']> = Extract<SchedulerEvent, { type: Type }>;
type CommandOf<Type extends SchedulerCommand['type']> = Extract<SchedulerCommand, { type: Type }>;

export interface SimulationInput {
  readonly fleet: FleetConfig;
  readonly workload: Workload;
  readonly queues: QueueDisciplineFactory;
  readonly strategy: PlacementStrategy;
  /** Of the jitter in retry times; the workload has its own. */
  readonly seed: number;
}

/** Kinds of events on the virtual clock. */
const ARRIVAL = 0;
const RETRY = 1;
const PROGRESS = 2;
const DEADLINE = 3;
const PATIENCE = 4;
const DEATH = 5;
const RETURN = 6;

/** Kinds of decisions in the hash. */
const DECISIONS = {
  accept: 1,
  dispatch: 2,
  requeue: 3,
  stop: 4,
  finish: 5,
  turnedAway: 6,
  suspend: 7,
} as const;
const ENDS: readonly TaskEnd['type'][] = [
  'completed',
  'cancelled',
  'evicted',
  'expired',
  'timed-out',
  'failed',
  'budget',
];

const CODES = Object.keys(ERRORS);

/**
 * The production scheduler on a virtual clock: the same core, disciplines, strategies and predictions, with callers, engines
 * and time made up. It stands where the server has its shell; everything that decides or promises is the server's own code.
 */
export class Simulation {
  /** Virtual ms since the start. */
  now = 0;
  readonly fleet: SimFleet;
  private readonly engines: Engines;
  private readonly heap = new EventHeap();
  private readonly hash = new DecisionHash();
  private readonly tasks = new Map<TaskKey, SimTask>();
  private readonly byNumber = new Map<number, SimTask>();
  private readonly pending: SchedulerEvent[] = [];
  private readonly arrivals: Iterator<TaskSpec>;
  private state: SchedulerState = emptyState();
  private arrived = 0;
  private nextSpec: TaskSpec | undefined;
  private newcomer: Newcomer | undefined;
  private carryingOut = false;

  constructor(
    private readonly input: SimulationInput,
    private readonly observer: Observer,
  ) {
    this.fleet = new SimFleet(input.fleet, input.queues, input.strategy, new SeededRandom(input.seed), this);
    this.engines = new Engines({
      ...{ clock: this, observer },
      rates: new RateReports(asksForRates(input.strategy), (event) => this.on(event)),
      assumed: (replica) => this.fleet.assumed(replica),
      event: (event) => this.on(event),
      planProgress: (at, { number }, plan) => this.heap.put(at, PROGRESS, number, plan),
    });
    this.arrivals = input.workload.tasks()[Symbol.iterator]();
    for (const { pool } of this.fleet.outlooks) this.state.pools.set(pool.id, pool);
    for (const replica of this.fleet.replicas) this.engines.announce(replica);
    for (const fault of [...this.fleet.faults, ...input.workload.faults]) this.plan(fault);
    this.planArrival();
  }

  /** Runs until nothing happens any more; answers the hash of all decisions. */
  run(): string {
    while (this.heap.take()) this.happen();
    // Nobody serves those that still wait: their pools have no replica left.
    this.on({ type: 'shut-down', message: 'the simulation is over' });
    return this.hash.digest();
  }

  private plan({ replica, atMs, backMs }: Fault): void {
    this.heap.put(atMs, DEATH, replica, backMs === undefined ? -1 : Math.round(backMs));
    if (backMs !== undefined) this.heap.put(backMs, RETURN, replica);
  }

  private planArrival(): void {
    const next = this.arrivals.next();
    if (next.done) return;
    this.nextSpec = next.value;
    this.heap.put(next.value.arrivalMs, ARRIVAL, this.arrived);
  }

  private happen(): void {
    const { at, kind, subject, stamp } = this.heap;
    this.now = at;
    switch (kind) {
      case ARRIVAL:
        return this.arrive();
      case RETRY:
        return this.comeAgain(this.byNumber.get(subject));
      case PROGRESS:
        return this.engines.progress(this.fleet.replicas[subject]!, stamp);
      case DEADLINE:
        return this.passDeadline(this.byNumber.get(subject));
      case PATIENCE:
        return this.losePatience(this.byNumber.get(subject));
      case DEATH:
        return this.engines.die(this.fleet.replicas[subject]!, stamp < 0 ? undefined : stamp);
      case RETURN:
        return this.engines.comeBack(this.fleet.replicas[subject]!);
    }
  }

  private arrive(): void {
    const task = new SimTask(this.arrived++, this.nextSpec!);
    this.planArrival();
    this.byNumber.set(task.number, task);
    this.observer.arrived(task);
    const { cancelAfterMs } = task.spec;
    if (cancelAfterMs !== undefined) this.heap.put(this.now + cancelAfterMs, PATIENCE, task.number);
    this.submit(task);
  }

  private comeAgain(task: SimTask | undefined): void {
    if (task === undefined) return;
    this.observer.cameAgain(task);
    task.arriveAgain(this.now);
    this.submit(task);
  }

  /** The checks of admission that depend on load, in its order. */
  private submit(task: SimTask): void {
    const { now } = this;
    const usable = this.fleet.usableFor(task.spec.model);
    if (usable.length === 0) return this.turnAway(task, 'POOL_UNREADY', this.fleet.readyInMs(task.spec.model));
    const inTime = usable.filter((outlook) => missedDeadline(task, outlook, now) === undefined);
    if (inTime.length === 0) return this.turnAway(task, 'DEADLINE_UNMET', undefined);
    const offers = inTime.map((outlook) => ({ outlook, task }));
    const { outlook } = bestPool(offers, now);
    task.outlook = outlook;
    this.newcomer = new Newcomer(outlook, callerOf(task), now);
    this.relieve(outlook);
    const { held } = this.newcomer;
    const late = isLate(task, outlook, now);
    this.tasks.set(task.key, task);
    const parts = { ...this.introduce(task), ...sizePart(task, outlook) };
    const item = itemOf(task, now, outlook);
    this.on({ type: 'submitted', key: task.key, poolId: outlook.pool.id, item, now, held, late, ...parts });
  }

  /** A queue that stays nearly full lets the task go that it is least likely to serve in time. */
  private relieve(outlook: PoolOutlook): void {
    const hopeless = outlook.leastHopeful(this.now, ({ taskId }) => this.tasks.get(taskId as TaskKey)!);
    if (hopeless !== undefined) this.on({ type: 'hopeless', key: hopeless.item.taskId as TaskKey });
  }

  /** The core remembers where a session ran last; there are no budgets here. */
  private introduce({ spec }: SimTask): Pick<EventOf<'submitted'>, 'session'> {
    if (spec.session === undefined) return {};
    const key = sessionKey(spec.tenant, spec.session as SessionId);
    if (!this.state.sessions.has(key)) {
      this.on({ type: 'session-opened', session: key, account: undefined, lastReplica: undefined });
    }
    return { session: { key, reuse: true } };
  }

  /** Without a time to retry the caller does not come again. */
  private turnAway(task: SimTask, code: ErrorCode, retryMs: number | undefined): void {
    this.hash.add(DECISIONS.turnedAway, task.number, this.now, retryMs ?? -1, CODES.indexOf(code));
    task.refusals++;
    this.observer.refused(task, code);
    if (retryMs === undefined || task.refusals > task.spec.retries) return this.settle(task, 'refused', code);
    this.heap.put(this.now + retryMs, RETRY, task.number);
  }

  private passDeadline(task: SimTask | undefined): void {
    if (task === undefined || !this.tasks.has(task.key)) return;
    if (task.state !== 'queued' && this.input.fleet.scheduler.on_deadline === 'finish') return;
    this.on({ type: 'deadline-passed', key: task.key, now: this.now });
  }

  private losePatience(task: SimTask | undefined): void {
    if (task === undefined) return;
    if (this.tasks.has(task.key)) this.on({ type: 'cancelled', key: task.key, reason: 'client', now: this.now });
    else this.settle(task, 'cancelled', undefined);
  }

  /** An event that comes up while commands are carried out waits until they are done. */
  private on(event: SchedulerEvent): void {
    this.pending.push(event);
    if (this.carryingOut) return;
    this.carryingOut = true;
    for (let next = this.pending.shift(); next !== undefined; next = this.pending.shift()) this.take(next);
    this.carryingOut = false;
  }

  private take(event: SchedulerEvent): void {
    const [state, commands] = step(this.state, event);
    this.state = state;
    for (const command of commands) this.carryOut(command);
  }

  private carryOut(command: SchedulerCommand): void {
    const task = this.tasks.get(command.key)!;
    switch (command.type) {
      case 'accept':
        return this.accept(task, command);
      case 'refuse':
        return this.refuse(task, command);
      case 'dispatch':
        return this.dispatch(task, command);
      case 'requeue':
        return this.requeue(task);
      case 'stop':
        return this.stop(command);
      case 'suspend':
        return this.suspend(task, command);
      case 'suspended':
        return this.waitAgain(task);
      case 'refuse-budget':
        throw new Error('the simulator opens no budgets');
      case 'finish':
        return this.finish(task, command.end);
    }
  }

  private accept(task: SimTask, { position }: CommandOf<'accept'>): void {
    task.promise = this.newcomer!.accepted(task, position);
    const { predictedStartMs, predictedStartP90Ms } = task.promise;
    this.hash.add(DECISIONS.accept, task.number, this.now, position, predictedStartMs, predictedStartP90Ms);
    this.observer.accepted(task, this.now);
    if (task.deadlineAt !== undefined) this.heap.put(Math.max(this.now, task.deadlineAt), DEADLINE, task.number);
  }

  private refuse(task: SimTask, { room }: CommandOf<'refuse'>): void {
    this.tasks.delete(task.key);
    this.turnAway(task, room.code, task.outlook!.retryMs(callerOf(task), this.now));
  }

  private dispatch(task: SimTask, { replicaId: id, lease }: CommandOf<'dispatch'>): void {
    const replica = this.fleet.replica(id);
    this.hash.add(DECISIONS.dispatch, task.number, this.now, replica.number, lease);
    task.outlook!.dispatched(task, this.now);
    task.state = 'dispatched';
    task.dispatchedAt = this.now;
    task.run = this.engines.start(task, replica, lease);
    this.observer.dispatched(task, this.now);
  }

  private requeue(task: SimTask): void {
    this.hash.add(DECISIONS.requeue, task.number, this.now);
    task.requeue();
    task.outlook!.requeued(task);
    this.observer.requeued(task, this.now);
    if (task.deadlineAt !== undefined) this.heap.put(Math.max(this.now, task.deadlineAt), DEADLINE, task.number);
  }

  private suspend(task: SimTask, { lease }: CommandOf<'suspend'>): void {
    this.hash.add(DECISIONS.suspend, task.number, this.now, lease, task.tokensOut);
    task.suspend();
    this.engines.stop(lease);
  }

  private waitAgain(task: SimTask): void {
    task.outlook!.requeued(task);
    this.observer.requeued(task, this.now);
  }

  private stop({ lease }: CommandOf<'stop'>): void {
    this.hash.add(DECISIONS.stop, 0, this.now, lease);
    this.engines.stop(lease);
  }

  private finish(task: SimTask, end: TaskEnd): void {
    const { now } = this;
    this.hash.add(DECISIONS.finish, task.number, now, ENDS.indexOf(end.type), task.tokensOut);
    const outlook = task.outlook!;
    const retryMs = end.type === 'evicted' ? outlook.retryMs(callerOf(task), now) : undefined;
    const wasWaiting = task.run === undefined;
    task.end(fateOf(end), now);
    outlook.ended(task);
    this.tasks.delete(task.key);
    this.observer.ended(task, wasWaiting, now);
    if (end.type === 'evicted') return this.turnAway(task, 'QUEUE_FULL_DROP_LRU', retryMs);
    this.settle(task, fateOf(end), codeOf(end));
  }

  private settle(task: SimTask, fate: Fate, code: ErrorCode | undefined): void {
    this.byNumber.delete(task.number);
    this.observer.settled(task, fate, code, this.now);
  }
}

/** A stop at the end of a budget completes a task; a timeout fails it. */
function fateOf({ type }: TaskEnd): Exclude<Fate, 'refused'> {
  if (type === 'budget') return 'completed';
  return type === 'timed-out' ? 'failed' : type;
}

function codeOf(end: TaskEnd): ErrorCode | undefined {
  if (end.type === 'failed') return end.code;
  return end.type === 'expired' ? 'DEADLINE_UNMET' : undefined;
}
