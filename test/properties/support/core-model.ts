import leastLoaded from '@llama-orch/placement-least-loaded';
import { type PriorityClass, type QueueDisciplineFactory } from '@llama-orch/plugin-sdk';
import priorityFifo from '@llama-orch/queue-priority-fifo';
import { type ReplicaId, type TaskKey, poolId, replicaId } from '../../../src/kernel/ids.js';
import {
  type CorePool,
  type FullPolicy,
  type SchedulerCommand,
  type SchedulerEvent,
  type SchedulerState,
  emptyState,
} from '../../../src/scheduling/core/model.js';
import { step } from '../../../src/scheduling/core/step.js';
import { ReferenceQueue } from './reference-queue.js';

export interface PoolSetup {
  readonly capacity: number;
  readonly classCapacity: Readonly<Record<PriorityClass, number>>;
  readonly fullPolicy: Readonly<Record<PriorityClass, FullPolicy>>;
  readonly batchMaxWaitMs: number;
  /** Slots of each replica. */
  readonly slots: readonly number[];
}

interface ModelTask {
  readonly key: TaskKey;
  readonly pool: ModelPool;
  readonly priority: PriorityClass;
  readonly enqueuedAt: number;
  phase: 'new' | 'queued' | 'dispatched' | 'streaming' | 'ended' | 'refused';
  requeued: boolean;
  lease: number | undefined;
  ending: string | undefined;
}

interface ModelReplica {
  readonly id: ReplicaId;
  readonly slots: number;
  epoch: number;
  ready: boolean;
}

interface ModelLease {
  readonly id: number;
  readonly task: ModelTask;
  readonly pool: ModelPool;
  readonly replica: ModelReplica;
  readonly epoch: number;
  stopped: boolean;
  reported: boolean;
  released: boolean;
}

interface ModelPool {
  readonly setup: PoolSetup;
  readonly core: CorePool;
  readonly queue: ReferenceQueue;
  readonly replicas: readonly ModelReplica[];
  /** Places above the caps that requeued tasks took. */
  excess: number;
  closed: boolean;
}

export function check(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new Error(sentence);
}

const noLog = { log: () => {} };
const strategy = leastLoaded.create({}, noLog) as CorePool['strategy'];

export function corePool(index: number, setup: PoolSetup): CorePool {
  const factory = priorityFifo.create({ batch_max_wait_ms: setup.batchMaxWaitMs }, noLog) as QueueDisciplineFactory;
  const { capacity, classCapacity, fullPolicy } = setup;
  const id = poolId(`pool-${index}`);
  return { id, capacity, classCapacity, fullPolicy, queue: factory.createQueue(), strategy, replicas: new Map() };
}

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
  private state: SchedulerState = emptyState();

  constructor(setups: readonly PoolSetup[]) {
    this.pools = setups.map((setup, index) => {
      const core = corePool(index, setup);
      this.state.pools.set(core.id, core);
      const replicas = setup.slots.map((slots, at) => ({ id: replicaId(core.id, at), slots, epoch: 0, ready: false }));
      return { setup, core, queue: new ReferenceQueue(setup.batchMaxWaitMs), replicas, excess: 0, closed: false };
    });
  }

  submit(key: TaskKey, pool: ModelPool, priority: PriorityClass): void {
    const task: ModelTask = {
      key,
      pool,
      priority,
      enqueuedAt: this.now,
      phase: 'new',
      requeued: false,
      lease: undefined,
      ending: undefined,
    };
    this.tasks.set(key, task);
    const expected = this.expectedRoom(task);
    const item = { taskId: key, priority, enqueuedAt: this.now };
    const commands = this.take({ type: 'submitted', key, poolId: pool.core.id, item, now: this.now });
    const seen = commands.flatMap((command) => {
      if (command.type === 'refuse') return [`refuse ${command.key} ${command.code} ${command.policy}`];
      if (command.type === 'accept') return [`accept ${command.key}`];
      return command.type === 'finish' ? [`finish ${command.key} ${command.end.type}`] : [];
    });
    check(seen.join() === expected.join(), `a submit gave [${seen.join()}], the policy says [${expected.join()}]`);
  }

  ready(pool: ModelPool, replica: ModelReplica, newEpoch: boolean): void {
    if (newEpoch || replica.epoch === 0) replica.epoch++;
    replica.ready = true;
    pool.closed = false;
    const { id: replica_id, epoch, slots } = replica;
    this.take({
      type: 'replica-ready',
      poolId: pool.core.id,
      replicaId: replica_id,
      epoch,
      slots,
      labels: {},
      now: this.now,
    });
  }

  unready(pool: ModelPool, replica: ModelReplica): void {
    replica.ready = false;
    this.take({ type: 'replica-unready', poolId: pool.core.id, replicaId: replica.id });
  }

  close(pool: ModelPool): void {
    for (const replica of pool.replicas) this.unready(pool, replica);
    pool.closed = true;
    this.take({ type: 'pool-closed', poolId: pool.core.id, code: 'POOL_UNAVAILABLE', message: 'gone' });
    check(pool.queue.size === 0, 'a closed pool lets nobody wait');
  }

  /** An event about a task, which may have ended long ago. */
  about(task: ModelTask, type: 'cancelled' | 'deadline-passed' | 'watchdog-fired' | 'first-token'): void {
    const { key } = task;
    if (type === 'cancelled') this.take({ type, key, reason: 'client', now: this.now });
    else if (type === 'deadline-passed') this.take({ type, key, now: this.now });
    else if (type === 'watchdog-fired') this.take({ type, key, limit: 'idle', now: this.now });
    else {
      if (task.phase === 'dispatched') task.phase = 'streaming';
      this.take({ type, key });
    }
  }

  complete(lease: ModelLease): void {
    lease.reported = true;
    this.take({ type: 'run-completed', key: lease.task.key, lease: lease.id });
  }

  fail(lease: ModelLease, engineLost: boolean): void {
    if (engineLost && !lease.released && lease.replica.epoch === lease.epoch) lease.replica.ready = false;
    lease.reported = true;
    const code = engineLost ? 'WORKER_RESET' : 'INTERNAL';
    const { task } = lease;
    const again =
      engineLost && task.lease === lease.id && task.phase === 'dispatched' && !task.requeued && !task.pool.closed;
    const commands = this.take({
      type: 'run-failed',
      key: lease.task.key,
      lease: lease.id,
      code,
      message: 'broken',
      engineLost,
      now: this.now,
    });
    const sent = commands.some(({ type }) => type === 'requeue');
    check(sent === again, `${task.key} was ${sent ? '' : 'not '}sent round again`);
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
    this.compare();
    return commands;
  }

  private obey(command: SchedulerCommand, event: SchedulerEvent): void {
    if (command.type === 'accept') return this.accept(this.taskOf(command.key), command.position);
    if (command.type === 'refuse') return this.refuse(this.taskOf(command.key));
    if (command.type === 'dispatch') return this.dispatch(command);
    if (command.type === 'requeue') return this.requeue(this.taskOf(command.key), event);
    if (command.type === 'stop') return this.stop(command.lease);
    return this.finish(this.taskOf(command.key), command.end.type);
  }

  private accept(task: ModelTask, position: number): void {
    check(task.phase === 'new', `${task.key} was accepted while ${task.phase}`);
    task.phase = 'queued';
    task.pool.queue.addLast(task.key, task.priority, this.now);
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
    const next = pool.queue.next(this.now);
    check(next === key, `${key} was dispatched, it was the turn of ${next}`);
    const replica = pool.replicas.find((one) => one.id === id);
    check(
      replica !== undefined && replica.ready && replica.epoch === epoch,
      `${key} went to ${id}, which is not ready`,
    );
    check(this.busyOf(replica) < replica.slots, `${key} went to ${id}, which has no free slot`);
    const better = pool.replicas.find(
      (other) => other.ready && this.busyOf(other) * replica.slots < this.busyOf(replica) * other.slots,
    );
    check(better === undefined, `${key} went to ${id} although ${better?.id} has less to do`);
    check(!this.leases.has(lease), `lease ${lease} was given twice`);
    task.phase = 'dispatched';
    task.lease = lease;
    this.leases.set(lease, { id: lease, task, pool, replica, epoch, stopped: false, reported: false, released: false });
  }

  private requeue(task: ModelTask, event: SchedulerEvent): void {
    check(event.type === 'run-failed' && event.engineLost, `${task.key} was requeued by ${event.type}`);
    check(task.phase === 'dispatched' && !task.requeued, `${task.key} was requeued after its first token or twice`);
    check(!task.pool.closed, `${task.key} was requeued although its pool serves nobody`);
    task.phase = 'queued';
    task.requeued = true;
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

  private finish(task: ModelTask, ending: string): void {
    const running = task.phase === 'dispatched' || task.phase === 'streaming';
    check(running || task.phase === 'queued', `${task.key} was finished while ${task.phase}`);
    if (ending === 'evicted') check(task.phase === 'queued', `${task.key} was evicted while ${task.phase}`);
    if (task.phase === 'queued') task.pool.queue.remove(task.key);
    task.phase = 'ended';
    task.ending = ending;
  }

  /** What the policy of the newcomer's class says, written down a second time. */
  private expectedRoom({ key, priority, pool }: ModelTask): string[] {
    const { queue, setup } = pool;
    const accept = `accept ${key}`;
    const slotFree = pool.replicas.some((replica) => replica.ready && this.busyOf(replica) < replica.slots);
    const classFull = queue.sizeOf(priority) >= setup.classCapacity[priority];
    const full = classFull || queue.size >= setup.capacity;
    if (!full || (slotFree && queue.size === 0)) return [accept];
    const policy = setup.fullPolicy[priority];
    const victim = victimOf(policy, priority, classFull, queue);
    if (victim !== undefined) return [`finish ${victim} evicted`, accept];
    return [`refuse ${key} ${policy === 'drop-lru' ? 'QUEUE_FULL_DROP_LRU' : 'ADMISSION_REJECT'} ${policy}`];
  }

  private compare(): void {
    const live = this.live();
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
    for (const pool of this.pools) this.comparePool(pool);
  }

  private comparePool(pool: ModelPool): void {
    const { core, queue, setup } = pool;
    check(core.queue.size === queue.size, `${core.id} holds ${core.queue.size} waiting tasks, ${queue.size} wait`);
    check(
      queue.keys.every((key) => core.queue.position(key, this.now) !== undefined),
      `${core.id} lost a waiting task`,
    );
    pool.excess = Math.min(pool.excess, queue.size);
    check(queue.size <= setup.capacity + pool.excess, `${core.id} lets ${queue.size} wait, ${setup.capacity} may`);
    for (const priority of ['interactive', 'batch'] as const) {
      const most = setup.classCapacity[priority] + pool.excess;
      check(queue.sizeOf(priority) <= most, `${core.id} lets too many of class ${priority} wait`);
    }
    for (const replica of pool.replicas) {
      const counted = core.replicas.get(replica.id)?.busy ?? 0;
      const busy = this.busyOf(replica);
      check(counted === busy && busy <= replica.slots, `${replica.id} counts ${counted} busy slots, ${busy} are`);
      check(
        !replica.ready || busy === replica.slots || queue.size === 0,
        `${replica.id} has a free slot while tasks wait`,
      );
    }
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

function victimOf(
  policy: FullPolicy,
  priority: PriorityClass,
  classFull: boolean,
  queue: ReferenceQueue,
): string | undefined {
  if (policy === 'reject') return undefined;
  if (policy === 'shed-low-priority') return priority === 'batch' || classFull ? undefined : queue.newest('batch');
  if (classFull) return queue.oldest(priority);
  return queue.oldest('batch') ?? (priority === 'interactive' ? queue.oldest('interactive') : undefined);
}
