import { type PlacementStrategy, type PriorityClass, type QueueDiscipline } from '@llama-orch/plugin-sdk';
import { type Receipt } from '@llama-orch/client';
import { type SessionId, type TaskKey, poolId, replicaId, sessionKey } from '../../../src/kernel/ids.js';
import { SeededRandom } from '../../../src/kernel/random.js';
import {
  type CorePool,
  type FullPolicy,
  type SchedulerCommand,
  type SchedulerEvent,
  emptyState,
} from '../../../src/scheduling/core/model.js';
import { step } from '../../../src/scheduling/core/step.js';
import { PoolOutlook } from '../../../src/scheduling/forecast/pool-outlook.js';
import { poolOptions, rankPools } from '../../../src/scheduling/pool-ranking.js';
import { Receipts } from '../../../src/scheduling/receipts/receipts.js';
import { FakeClock } from '../../support/fake-clock.js';

export interface Traffic {
  readonly seed: number;
  readonly events: number;
  readonly newQueue: () => QueueDiscipline;
  readonly strategy: PlacementStrategy;
}

type Dispatched = Extract<SchedulerCommand, { type: 'dispatch' }>;

const TENANTS = ['acme', 'bright', 'cedar'];
const POLICIES: readonly FullPolicy[] = ['reject', 'drop-lru', 'shed-low-priority'];
const MADE_BY = { software: '0.0.0', plugins: { discipline: 'd@1.0.0', placement: 'p@1.0.0' } };

/** Random traffic on three pools through the core itself, with a receipt of every decision. */
export class ReceiptTraffic {
  readonly clock = new FakeClock();
  readonly receipts = new Receipts(this.clock, { kept: 100_000, madeBy: MADE_BY });
  readonly keys: TaskKey[] = [];
  readonly outlooks: readonly PoolOutlook[];
  private readonly random: SeededRandom;
  private readonly running: Dispatched[] = [];
  private readonly suspended = new Set<number>();
  private state = emptyState();

  constructor(private readonly traffic: Traffic) {
    this.random = new SeededRandom(traffic.seed);
    this.outlooks = [0, 1, 2].map((index) => {
      const pool = this.newPool(index);
      this.state.pools.set(pool.id, pool);
      return new PoolOutlook(pool, { prefill: 500 + index, decode: 20 + index }, new SeededRandom(index));
    });
  }

  async run(): Promise<this> {
    for (const { pool } of this.outlooks) for (let at = 0; at < 4; at++) this.openReplica(pool, at);
    for (let number = 0; number < this.traffic.events; number++) {
      this.move(number);
      if (this.chance(0.3)) await this.clock.advance(this.random.next() * 50);
    }
    return this;
  }

  /** Every receipt, task by task. */
  get all(): Receipt[] {
    return [...new Set(this.keys)].flatMap((key) => this.receipts.of(key));
  }

  private move(number: number): void {
    // Rush and calm in turns: full queues here, a choice of replicas there.
    if (this.chance(number % 200 < 120 ? 0.6 : 0.3)) return this.submit(number);
    if (this.chance(0.05)) return this.openReplica(this.pick(this.outlooks).pool, this.below(5));
    if (this.chance(0.1)) return this.learn(this.pick(this.outlooks).pool, this.below(5));
    const run = this.running.splice(this.below(this.running.length), 1)[0];
    if (run === undefined) return;
    const { key, lease } = run;
    const now = this.clock.now();
    if (this.chance(0.7)) this.take({ type: 'first-token', key });
    if (this.suspended.delete(lease)) return this.take({ type: 'lease-released', lease, now });
    if (this.chance(0.15)) {
      const lost = { code: 'WORKER_RESET', message: 'lost', engineLost: true } as const;
      const failover = this.chance(0.5) && { failover: { most: 2, elsewhere: this.chance(0.5) } };
      this.take({ type: 'run-failed', key, lease, ...lost, ...failover, now });
      this.openReplica(this.poolOf(run), Number(run.replicaId.split('-').at(-1)));
    } else this.take({ type: 'run-completed', key, lease });
    this.take({ type: 'lease-released', lease, now });
  }

  private submit(number: number): void {
    const now = this.clock.now();
    const tenantId = this.pick(TENANTS);
    const priority: PriorityClass = this.chance(0.4) ? 'batch' : 'interactive';
    const key = `${tenantId}/00000000-0000-7000-8000-${String(number).padStart(12, '0')}` as TaskKey;
    const deadlineAt = this.chance(0.3) ? now + this.below(20_000) : undefined;
    const task = { key, promptTokens: this.below(500), deadlineAt, request: requestOf(priority, tenantId) };
    const options = this.chance(0.8)
      ? poolOptions(
          this.outlooks.map((outlook) => ({ outlook, task })),
          now,
        )
      : [];
    const chosen = rankPools(options)[0]?.poolId;
    const outlook = this.outlooks.find(({ pool }) => pool.id === chosen) ?? this.pick(this.outlooks);
    const arrival = this.receipts.arrivalOf(task, outlook, now, options);
    const deadline = deadlineAt === undefined ? {} : { deadlineAt };
    const sessionId = this.chance(0.4) ? `session-${this.below(6)}` : undefined;
    const session = sessionId === undefined ? {} : { sessionId };
    const size = this.chance(0.9)
      ? { size: { promptTokens: this.below(900), expectedTokens: this.random.next() * 400 } }
      : {};
    const parts = { ...size, ...(sessionId === undefined ? {} : this.introduce(tenantId, sessionId)) };
    const item = {
      taskId: key,
      priority,
      enqueuedAt: now,
      tenantId,
      cost: this.random.next() * 900,
      ...deadline,
      ...session,
    };
    this.keys.push(key);
    const held = this.chance(0.1) ? { held: { all: 1 + this.below(2), ofClass: 1 } } : {};
    const late = this.chance(0.2);
    this.take(
      { type: 'submitted', key, poolId: outlook.pool.id, item, now, late, ...held, ...parts },
      { pool: outlook.pool, arrival },
    );
  }

  private introduce(tenantId: string, sessionId: string) {
    const key = sessionKey(tenantId, sessionId as SessionId);
    if (!this.state.sessions.has(key))
      this.take({ type: 'session-opened', session: key, account: undefined, lastReplica: undefined });
    return { session: { key, reuse: this.chance(0.8) } };
  }

  /** Something new of a replica's memory and speed. */
  private learn(pool: CorePool, index: number): void {
    const place = { poolId: pool.id, replicaId: replicaId(pool.id, index) };
    const freeVramBytes = this.chance(0.9) ? this.below(24) * 2 ** 30 : undefined;
    this.take({ type: 'replica-memory', ...place, freeVramBytes });
    const [prefillTps, decodeTps] = [1000 / (1 + this.random.next()), 100 / (1 + 9 * this.random.next())];
    const [slowdown, uncertainty] = [this.random.next() / 3, this.random.next()];
    this.take({ type: 'replica-rates', ...place, rates: { prefillTps, decodeTps, slowdown, uncertainty } });
  }

  private openReplica(pool: CorePool, index: number): void {
    const id = replicaId(pool.id, index);
    const labels = { zone: `zone-${index % 2}` };
    const slots = 1 + this.below(3);
    this.take({
      type: 'replica-ready',
      poolId: pool.id,
      replicaId: id,
      epoch: 1 + this.below(2),
      slots,
      interruptible: true,
      labels,
      now: this.clock.now(),
    });
  }

  private take(event: SchedulerEvent, newcomer?: { pool: CorePool; arrival: ReturnType<Receipts['arrivalOf']> }): void {
    const [state, commands] = step(this.state, event);
    this.state = state;
    const start = { p50: this.below(1000), p90: 1000 };
    for (const command of commands) {
      if (command.type === 'dispatch') this.running.push(command);
      if (command.type === 'suspend') this.suspended.add(command.lease);
      const pool = newcomer?.pool ?? (command.type === 'dispatch' ? this.poolOf(command) : this.poolIn(event));
      if (pool !== undefined) this.receipts.note(command, { pool, arrival: newcomer?.arrival, start });
    }
  }

  private poolIn(event: SchedulerEvent): CorePool | undefined {
    const lease = 'lease' in event ? this.state.leases.get(event.lease) : undefined;
    return lease?.pool;
  }

  private poolOf({ replicaId: id }: Dispatched): CorePool {
    return this.state.pools.get(poolId(id.slice(0, id.lastIndexOf('-'))))!;
  }

  private newPool(index: number): CorePool {
    return {
      id: poolId(`pool-${index}`),
      capacity: 4 + index * 3,
      classCapacity: { interactive: 3 + index * 3, batch: 2 + index },
      fullPolicy: { interactive: POLICIES[index]!, batch: this.pick(POLICIES) },
      queue: this.traffic.newQueue(),
      strategy: this.traffic.strategy,
      replicas: new Map(),
      suspendedAt: [],
      suspending: 0,
      ...(index === 2 ? {} : { affinityMaxLoad: index / 2 }),
      ...(index === 1 ? { preemption: { mode: 'hard', mostPerMinute: 1_000, protect: [] } } : {}),
    };
  }

  private chance(share: number): boolean {
    return this.random.next() < share;
  }

  private below(limit: number): number {
    return Math.floor(this.random.next() * limit);
  }

  private pick<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)]!;
  }
}

function requestOf(priority: PriorityClass, tenantId: string) {
  return { priority, tenantId, sessionId: null, maxTokens: 200, expectedTokens: undefined, receivedAt: 0 };
}
