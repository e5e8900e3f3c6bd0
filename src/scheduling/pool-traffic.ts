import { type Clock } from '../kernel/clock.js';
import { type PoolId } from '../kernel/ids.js';
import { Conditions } from '../pools/conditions.js';
import { type Served } from '../pools/generation.js';
import { type Pool } from '../pools/pool.js';
import { type Pools } from '../pools/pools.js';
import { type Replica } from '../pools/replica.js';
import { alikeTo } from '../pools/replica-set.js';
import { type PoolTraffic } from '../pools/traffic.js';
import { type TaskRegistry } from '../tasks/task-registry.js';
import { type TaskTelemetry } from '../tasks/task-telemetry.js';
import { type CoreTask, type SchedulerCommand, type SchedulerEvent, type SchedulerState } from './core/model.js';
import { AT_ONCE, type PoolOutlook } from './forecast/pool-outlook.js';
import { bestPool } from './pool-ranking.js';
import { callerOf, itemOf } from './queue-item.js';
import { canServe, takes } from './task-fit.js';

export interface TrafficPorts {
  readonly clock: Clock;
  readonly pools: Pools;
  readonly registry: TaskRegistry;
  readonly telemetry: TaskTelemetry;
}

/** The scheduler around it. */
export interface TrafficCore {
  readonly state: () => SchedulerState;
  readonly event: (event: SchedulerEvent) => void;
  readonly outlook: (poolId: PoolId) => PoolOutlook;
}

/** Holds back, moves and ends the tasks of pools that are drained or reloaded. */
export class SchedulerTraffic implements PoolTraffic {
  private readonly conditions = new Conditions();

  constructor(
    private readonly ports: TrafficPorts,
    private readonly core: TrafficCore,
  ) {}

  hold({ id: poolId }: Pool): void {
    this.core.event({ type: 'pool-draining', poolId });
  }

  open({ id: poolId }: Pool): void {
    this.core.event({ type: 'pool-opened', poolId, now: this.ports.clock.now() });
  }

  retire({ id: poolId }: Pool, { id: replicaId }: Replica): void {
    this.core.event({ type: 'replica-unready', poolId, replicaId, retired: true });
  }

  moveAway(pool: Pool, except?: Served): void {
    const others = alikeTo(pool, this.ports.pools.all).filter(({ ready }) => ready);
    if (others.length === 0) return;
    for (const waiting of this.waitingTasks(pool, except)) this.moveOne(waiting, others);
  }

  waiting(pool: Pool, except?: Served): number {
    return this.unordered(pool, except).length;
  }

  running({ id }: Pool, replicas: readonly Replica[]): number {
    let count = 0;
    for (const lease of this.core.state().leases.values())
      if (lease.pool.id === id && isOneOf(replicas, lease.replica.id)) count++;
    return count;
  }

  until(holds: () => boolean, stop: AbortSignal): Promise<void> {
    return this.conditions.until(holds, stop);
  }

  /** To be called after every event. */
  check(): void {
    this.conditions.check();
  }

  endWaiting(pool: Pool, message: string, except?: Served): number {
    return this.end(this.waitingTasks(pool, except), message);
  }

  endRunning({ id }: Pool, replicas: readonly Replica[], message: string): number {
    const { tasks, leases } = this.core.state();
    const running = [...tasks.values()].filter(({ pool, lease }) => {
      const held = lease === undefined ? undefined : leases.get(lease);
      return pool.id === id && held !== undefined && isOneOf(replicas, held.replica.id);
    });
    return this.end(running, message);
  }

  decodeRate({ id }: Pool): number | undefined {
    return this.core.outlook(id).estimator.measuredDecodeRate;
  }

  /** The core has put a task into the queue of another pool. */
  moved({ key, poolId }: Extract<SchedulerCommand, { type: 'move' }>): void {
    const { registry, pools, telemetry, clock } = this.ports;
    const task = registry.get(key)!;
    const from = task.poolId;
    this.core.outlook(from).ended(task);
    const { model, description } = pools.get(poolId)!;
    task.poolId = poolId;
    task.modelId = model.id;
    task.engineVersion = description?.engineVersion;
    task.modelDigest = description?.modelDigest;
    this.core.outlook(poolId).enqueued(task, AT_ONCE, clock.now());
    telemetry.moved(task, from);
  }

  /** In the order of their turns, as far as the queue tells it; those whose slots have not come back yet are the last. */
  private waitingTasks(pool: Pool, except: Served | undefined): CoreTask[] {
    const { queue } = this.core.state().pools.get(pool.id)!;
    const order = new Map<string, number>();
    for (const { taskId } of queue.order?.(this.ports.clock.now()) ?? []) order.set(taskId, order.size);
    const turnOf = ({ key }: CoreTask) => order.get(key) ?? Infinity;
    return this.unordered(pool, except).toSorted((a, b) => turnOf(a) - turnOf(b) || 0);
  }

  /** Counted after every event while a reload waits, so it looks at each task once and sorts nothing. */
  private unordered({ id }: Pool, except: Served | undefined): CoreTask[] {
    return [...this.core.state().tasks.values()].filter(
      ({ key, pool, phase }) =>
        pool.id === id &&
        (phase === 'queued' || phase === 'suspending') &&
        (except === undefined || !canServe(this.ports.registry.get(key)!, except)),
    );
  }

  /** Puts a waiting task where it starts first; without room for it there, it stays. */
  moveOne({ key, item: { enqueuedAt }, phase }: CoreTask, others: readonly Pool[]): void {
    const task = this.ports.registry.get(key)!;
    const now = this.ports.clock.now();
    const offers = others
      .filter((pool) => takes(pool, task))
      .map(({ id }) => ({ outlook: this.core.outlook(id), task }));
    if (offers.length === 0 || phase !== 'queued') return;
    const { outlook } = bestPool(offers, now);
    const item = { ...itemOf(task, now, outlook), enqueuedAt };
    const held = outlook.heldFrom(callerOf(task), now);
    this.core.event({ type: 'moved', key, poolId: outlook.pool.id, item, now, held });
  }

  private end(tasks: readonly CoreTask[], message: string): number {
    for (const { key } of tasks) this.core.event({ type: 'called-off', key, code: 'POOL_UNAVAILABLE', message });
    return tasks.length;
  }
}

function isOneOf(replicas: readonly Replica[], id: Replica['id']): boolean {
  return replicas.some((replica) => replica.id === id);
}
