import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type TaskKey, replicaId } from '../../../src/kernel/ids.js';
import {
  type SchedulerCommand,
  type SchedulerEvent,
  type SchedulerState,
  emptyState,
} from '../../../src/scheduling/core/model.js';
import { step } from '../../../src/scheduling/core/step.js';
import { type BudgetModel } from './budget-model.js';
import {
  type ModelLease,
  type ModelPool,
  type ModelReplica,
  type ModelTask,
  type PoolSetup,
  afterFailure,
  check,
  comparePool,
  corePool,
  expectedRoom,
  newReplica,
  hasRoom,
} from './model-parts.js';
import { ReferenceQueue } from './reference-queue.js';

export { type PoolSetup, check, corePool } from './model-parts.js';

type Requeue = Extract<SchedulerCommand, { type: 'requeue' }>;

/**
 * The scheduler core beside a plain model of what it promises. Every command is checked when it comes, and after each
 * step the state is compared with the model.
 */
export class CoreModel {
  readonly tasks = new Map<TaskKey, ModelTask>();
  readonly leases = new Map<number, ModelLease>();
  readonly pools: readonly ModelPool[];
  /** Everything that happened, for a second run. */
  readonly history: { readonly event: SchedulerEvent; readonly commands: readonly SchedulerCommand[] }[] = [];
  now = 0;
  /** False while a way is walked again that has been judged before. */
  compares = true;
  private state: SchedulerState = emptyState();

  /** With a budget all tasks belong to its one session. */
  constructor(
    setups: readonly PoolSetup[],
    readonly budget?: BudgetModel,
  ) {
    this.pools = setups.map((setup, index) => {
      const core = corePool(index, setup);
      this.state.pools.set(core.id, core);
      const replicas = setup.slots.map((slots, at) => newReplica(replicaId(core.id, at), slots));
      return {
        setup,
        core,
        queue: new ReferenceQueue(setup.batchMaxWaitMs),
        replicas,
        suspensions: [],
        excess: 0,
        closed: false,
        draining: false,
      };
    });
    if (budget !== undefined) this.take(budget.opened);
  }

  submit(key: TaskKey, pool: ModelPool, priority: PriorityClass): void {
    const task: ModelTask = {
      key,
      pool,
      priority,
      enqueuedAt: this.now,
      phase: 'new',
      requeued: false,
      delivered: false,
      failovers: 0,
      lease: undefined,
      ending: undefined,
    };
    this.tasks.set(key, task);
    const affords = this.budget?.affords ?? true;
    const expected = affords
      ? expectedRoom(task, this.hasFreeSlot(pool), (one) => this.tasks.get(one as TaskKey)?.delivered === true)
      : [`refuse ${key} for its budget`];
    const session = this.budget === undefined ? {} : { session: this.budget.part };
    const item = { taskId: key, priority, enqueuedAt: this.now };
    const commands = this.take({ type: 'submitted', key, poolId: pool.core.id, item, now: this.now, ...session });
    const seen = commands.flatMap((command) => {
      if (command.type === 'refuse') return [`refuse ${command.key} ${command.room.code} ${command.room.policy}`];
      if (command.type === 'refuse-budget') return [`refuse ${command.key} for its budget`];
      if (command.type === 'accept') return [`accept ${command.key}`];
      return command.type === 'finish' ? [`finish ${command.key} ${command.end.type}`] : [];
    });
    check(seen.join() === expected.join(), `a submit gave [${seen.join()}], the policy says [${expected.join()}]`);
  }

  ready(pool: ModelPool, replica: ModelReplica, newEpoch: boolean): void {
    if (newEpoch || replica.epoch === 0) replica.epoch++;
    replica.ready = true;
    replica.retired.delete(replica.epoch);
    pool.closed = false;
    const { id: replica_id, epoch, slots } = replica;
    this.take({
      type: 'replica-ready',
      poolId: pool.core.id,
      replicaId: replica_id,
      epoch,
      slots,
      interruptible: true,
      labels: {},
      now: this.now,
    });
  }

  unready(pool: ModelPool, replica: ModelReplica): void {
    replica.ready = false;
    this.take({ type: 'replica-unready', poolId: pool.core.id, replicaId: replica.id });
  }

  /** Another model takes the place of the replica's. */
  retire(pool: ModelPool, replica: ModelReplica): void {
    replica.ready = false;
    if (replica.epoch > 0) replica.retired.add(replica.epoch);
    this.take({ type: 'replica-unready', poolId: pool.core.id, replicaId: replica.id, retired: true });
  }

  drainPool(pool: ModelPool): void {
    pool.draining = true;
    this.take({ type: 'pool-draining', poolId: pool.core.id });
  }

  openPool(pool: ModelPool): void {
    pool.draining = false;
    this.take({ type: 'pool-opened', poolId: pool.core.id, now: this.now });
  }

  /** Offers a task to another pool; it goes there only while it waits, and where it finds a free place. */
  move(task: ModelTask, pool: ModelPool): void {
    const { key, priority, enqueuedAt } = task;
    const open = task.phase === 'queued' && task.pool !== pool && !pool.draining && !pool.closed;
    const goes = open && hasRoom(task, pool, this.hasFreeSlot(pool));
    const item = { taskId: key, priority, enqueuedAt };
    const commands = this.take({ type: 'moved', key, poolId: pool.core.id, item, now: this.now });
    check(commands.some(({ type }) => type === 'move') === goes, `${key} was ${goes ? 'not ' : ''}moved`);
  }

  close(pool: ModelPool): void {
    for (const replica of pool.replicas) this.unready(pool, replica);
    pool.closed = true;
    this.take({ type: 'pool-closed', poolId: pool.core.id, code: 'POOL_UNAVAILABLE', message: 'gone' });
    check(pool.queue.size === 0, 'a closed pool lets nobody wait');
  }

  /** An event about a task, which may have ended long ago. */
  about(
    task: ModelTask,
    type: 'cancelled' | 'deadline-passed' | 'watchdog-fired' | 'first-token' | 'called-off',
  ): void {
    const { key } = task;
    if (type === 'called-off') this.take({ type, key, code: 'POOL_UNAVAILABLE', message: 'gone' });
    else if (type === 'cancelled') this.take({ type, key, reason: 'client', now: this.now });
    else if (type === 'deadline-passed') this.take({ type, key, now: this.now });
    else if (type === 'watchdog-fired') this.take({ type, key, limit: 'idle', now: this.now });
    else {
      if (task.phase === 'dispatched') this.startStreaming(task);
      this.take({ type, key });
    }
  }

  /** A running task reports one token more. */
  use(task: ModelTask, tokens: number): void {
    const { key, lease } = task;
    const runs = (task.phase === 'streaming' || task.phase === 'suspending') && lease !== undefined;
    const braked = this.budget!.use(key, tokens);
    const commands = this.take({ type: 'used', key, amounts: { tokens, timeMs: 0, cost: 0 } });
    const ends = commands.some((command) => command.type === 'finish' && command.end.type === 'budget');
    check(ends === (braked && runs), `${key} was ${ends ? '' : 'not '}stopped after ${tokens} tokens`);
  }

  complete(lease: ModelLease): void {
    lease.reported = true;
    this.take({ type: 'run-completed', key: lease.task.key, lease: lease.id });
  }

  fail(lease: ModelLease, engineLost: boolean): void {
    if (engineLost && !lease.released && lease.replica.epoch === lease.epoch) lease.replica.ready = false;
    lease.reported = true;
    const code = engineLost ? 'WORKER_RESET' : 'INTERNAL';
    const { task, id } = lease;
    const expected = afterFailure(lease, engineLost);
    const offer = task.delivered ? task.pool.setup.failover : undefined;
    const failover = offer && { failover: offer };
    const failed = { type: 'run-failed', key: task.key, lease: id, code, message: 'broken', engineLost } as const;
    const sent = this.take({ ...failed, ...failover, now: this.now }).find(({ type }) => type === 'requeue');
    const fate = sent === undefined ? 'ends' : 'failover' in sent ? 'goes on' : 'waits again';
    check(fate === expected, `${task.key} ${fate} after its run failed, it ${expected} by the rules`);
  }

  release(lease: ModelLease): void {
    lease.released = true;
    this.take({ type: 'lease-released', lease: lease.id, now: this.now });
  }

  shutDown(): void {
    this.take({ type: 'shut-down', message: 'bye' });
    check(this.live().length === 0, 'nothing lives on after a shut-down');
  }

  live(): ModelTask[] {
    return [...this.tasks.values()].filter(({ phase }) => phase !== 'ended' && phase !== 'refused');
  }

  openLeases(): ModelLease[] {
    return [...this.leases.values()].filter(({ released }) => !released);
  }

  /** Lets every run end and every slot come back, until nothing happens any more. */
  drain(): void {
    for (let lease = this.openLeases()[0]; lease !== undefined; lease = this.openLeases()[0]) {
      if (!lease.reported) this.complete(lease);
      this.release(lease);
    }
  }

  /** What must hold when everything is over. */
  checkEmpty(): void {
    check(this.state.tasks.size === 0 && this.state.leases.size === 0, 'tasks or leases are left');
    for (const { core } of this.pools) {
      check(core.queue.size === 0, `${core.id} still holds waiting tasks`);
      for (const replica of core.replicas.values()) check(replica.busy === 0, `${replica.id} still counts busy slots`);
    }
  }

  private take(event: SchedulerEvent): readonly SchedulerCommand[] {
    const [state, commands] = step(this.state, event);
    this.state = state;
    this.history.push({ event, commands });
    for (const command of commands) this.obey(command, event);
    if (this.compares) this.compare();
    return commands;
  }

  private obey(command: SchedulerCommand, event: SchedulerEvent): void {
    if (command.type === 'accept') return this.accept(this.taskOf(command.key), command.position);
    if (command.type === 'refuse' || command.type === 'refuse-budget') return this.refuse(this.taskOf(command.key));
    if (command.type === 'dispatch') return this.dispatch(command);
    if (command.type === 'requeue') return this.requeue(this.taskOf(command.key), command, event);
    if (command.type === 'move') return this.moved(this.taskOf(command.key), command.poolId);
    if (command.type === 'stop') return this.stop(command.lease);
    if (command.type === 'suspend') return this.suspend(command);
    if (command.type === 'suspended') return this.suspended(this.taskOf(command.key), event);
    return this.finish(this.taskOf(command.key), command.end.type);
  }

  private startStreaming(task: ModelTask): void {
    task.phase = 'streaming';
    task.delivered = true;
    if (this.budget !== undefined) this.budget.lastReplica = this.leases.get(task.lease!)?.replica.id;
  }

  private accept(task: ModelTask, position: number): void {
    check(task.phase === 'new', `${task.key} was accepted while ${task.phase}`);
    task.phase = 'queued';
    task.pool.queue.addLast(task.key, task.priority, this.now);
    this.budget?.accepted(task.key);
    const expected = task.pool.queue.position(task.key, this.now);
    check(position === expected, `${task.key} was promised position ${position}, ${expected} go before it`);
  }

  private refuse(task: ModelTask): void {
    check(task.phase === 'new', `${task.key} was refused while ${task.phase}`);
    task.phase = 'refused';
  }

  private dispatch({ key, replicaId: id, epoch, lease }: Extract<SchedulerCommand, { type: 'dispatch' }>): void {
    const task = this.taskOf(key);
    const { pool } = task;
    check(task.phase === 'queued' && task.lease === undefined, `${key} was dispatched while ${task.phase}`);
    check(!pool.draining, `${key} was dispatched although its pool drains`);
    const next = pool.queue.next(this.now);
    check(next === key, `${key} was dispatched, it was the turn of ${next}`);
    const replica = pool.replicas.find((one) => one.id === id);
    check(
      replica !== undefined && replica.ready && replica.epoch === epoch,
      `${key} went to ${id}, which is not ready`,
    );
    check(this.busyOf(replica) < replica.slots, `${key} went to ${id}, which has no free slot`);
    const wish = pool.replicas.find((one) => one.id === this.budget?.lastReplica);
    if (wish?.ready && this.busyOf(wish) < wish.slots) check(id === wish.id, `${key} did not go where its cache is`);
    const better = pool.replicas.find(
      (other) => other.ready && this.busyOf(other) * replica.slots < this.busyOf(replica) * other.slots,
    );
    check(better === undefined || id === wish?.id, `${key} went to ${id} although ${better?.id} has less to do`);
    check(!this.leases.has(lease), `lease ${lease} was given twice`);
    task.phase = 'dispatched';
    task.lease = lease;
    this.leases.set(lease, { id: lease, task, pool, replica, epoch, stopped: false, reported: false, released: false });
  }

  private moved(task: ModelTask, id: string): void {
    task.pool.queue.remove(task.key);
    task.pool = this.pools.find(({ core }) => core.id === id)!;
    task.pool.queue.addLast(task.key, task.priority, task.enqueuedAt);
  }

  private requeue(task: ModelTask, { failover }: Requeue, event: SchedulerEvent): void {
    check(event.type === 'run-failed' && event.engineLost, `${task.key} was requeued by ${event.type}`);
    if (failover === undefined) {
      check(task.phase === 'dispatched' && !task.requeued, `${task.key} was requeued after its first token or twice`);
      task.requeued = true;
    } else {
      check(task.phase === 'dispatched' || task.phase === 'streaming', `${task.key} goes on while ${task.phase}`);
      task.failovers++;
      check(failover.attempt === task.failovers, `${task.key} goes on as attempt ${failover.attempt}`);
    }
    task.phase = 'queued';
    task.lease = undefined;
    task.pool.queue.addFirst(task.key, task.priority, task.enqueuedAt);
    task.pool.excess++;
  }

  private stop(id: number): void {
    const lease = this.leases.get(id);
    check(lease !== undefined && !lease.stopped && !lease.released, `lease ${id} was stopped without need`);
    check(lease.task.phase === 'ended', `lease ${id} was stopped although its task goes on`);
    lease.stopped = true;
  }

  private suspend({ key, lease: id, for: forKey }: Extract<SchedulerCommand, { type: 'suspend' }>): void {
    const [task, newcomer, lease] = [this.taskOf(key), this.taskOf(forKey), this.leases.get(id)];
    const { pool } = task;
    const runs = task.phase === 'dispatched' || task.phase === 'streaming';
    check(runs && task.lease === id && lease !== undefined, `${key} was suspended while ${task.phase}`);
    check(task.priority === 'batch' && newcomer.priority === 'interactive', `${key} was suspended for ${forKey}`);
    check(newcomer.phase === 'queued', `${key} was suspended for ${forKey}, which is ${newcomer.phase}`);
    check(!pool.setup.preemption?.protect.includes('batch'), `${key} was suspended although its class is protected`);
    check(pool.setup.preemption?.mode === 'hard', `${key} was suspended although nothing may be`);
    const recent = pool.suspensions.filter((at) => at > this.now - 60_000).length;
    check(recent < pool.setup.preemption.mostPerMinute, `${key} was suspended although enough were this minute`);
    pool.suspensions.push(this.now);
    task.phase = 'suspending';
    lease.stopped = true;
  }

  private suspended(task: ModelTask, event: SchedulerEvent): void {
    check(event.type === 'lease-released', `${task.key} went back to its queue by ${event.type}`);
    check(task.phase === 'suspending', `${task.key} went back to its queue while ${task.phase}`);
    task.phase = 'queued';
    task.lease = undefined;
    task.pool.queue.addFirst(task.key, task.priority, task.enqueuedAt);
    task.pool.excess++;
  }

  private finish(task: ModelTask, ending: string): void {
    const running = task.phase === 'dispatched' || task.phase === 'streaming' || task.phase === 'suspending';
    check(running || task.phase === 'queued', `${task.key} was finished while ${task.phase}`);
    if (ending === 'evicted') check(task.phase === 'queued' && !task.delivered, `${task.key} was evicted too late`);
    if (task.phase === 'queued') task.pool.queue.remove(task.key);
    task.phase = 'ended';
    task.ending = ending;
    this.budget?.ended(task.key);
  }

  private compare(): void {
    const live = this.live();
    const wrong = this.budget?.difference(new Set(live.map(({ key }) => key)));
    check(wrong === undefined, wrong ?? '');
    check(live.length === this.state.tasks.size, 'the state holds other tasks than those that live');
    for (const task of live) {
      const known = this.state.tasks.get(task.key);
      check(
        known?.phase === task.phase && known.lease === task.lease,
        `${task.key} is ${task.phase}, the state says ${known?.phase}`,
      );
    }
    check(this.state.leases.size === this.openLeases().length, 'the state holds other leases than those that are open');
    for (const lease of this.openLeases()) {
      const inUse = lease.task.lease === lease.id && lease.task.phase !== 'ended';
      check(inUse || lease.stopped || lease.reported, `lease ${lease.id} belongs to a task that has left it`);
    }
    for (const pool of this.pools) comparePool(pool, this.now, (replica) => this.busyOf(replica));
  }

  private hasFreeSlot({ replicas, draining }: ModelPool): boolean {
    return !draining && replicas.some((replica) => replica.ready && this.busyOf(replica) < replica.slots);
  }

  /** Open leases of the replica's present start. */
  private busyOf(replica: ModelReplica): number {
    return this.openLeases().filter((lease) => lease.replica === replica && lease.epoch === replica.epoch).length;
  }

  private taskOf(key: TaskKey): ModelTask {
    const task = this.tasks.get(key);
    check(task !== undefined, `a command names ${key}, which nobody submitted`);
    return task;
  }
}
