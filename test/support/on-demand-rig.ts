import leastLoaded from '@llama-orch/placement-least-loaded';
import { type PlacementStrategy, type QueueDisciplineFactory } from '@llama-orch/plugin-sdk';
import priorityFifo from '@llama-orch/queue-priority-fifo';
import { parseConfig } from '../../src/config/index.js';
import { type TaskId } from '../../src/kernel/ids.js';
import { SeededRandom } from '../../src/kernel/random.js';
import { Metrics } from '../../src/observability/metrics.js';
import { LoadTimes } from '../../src/pools/on-demand/load-times.js';
import { OnDemandLauncher } from '../../src/pools/on-demand/on-demand-launcher.js';
import { Residents } from '../../src/pools/on-demand/residents.js';
import { OnDemandTelemetry } from '../../src/pools/on-demand/telemetry.js';
import { Pool } from '../../src/pools/pool.js';
import { Pools } from '../../src/pools/pools.js';
import { newCorePool } from '../../src/scheduling/core-pool.js';
import { USUAL_OVERLOAD } from '../../src/scheduling/forecast/overload.js';
import { Receipts } from '../../src/scheduling/receipts/receipts.js';
import { Scheduler } from '../../src/scheduling/scheduler.js';
import { SessionTelemetry } from '../../src/sessions/session-telemetry.js';
import { Sessions } from '../../src/sessions/sessions.js';
import { Tariff } from '../../src/sessions/tariff.js';
import { TaskRegistry } from '../../src/tasks/task-registry.js';
import { TaskTelemetry } from '../../src/tasks/task-telemetry.js';
import { Task, type TaskRequest } from '../../src/tasks/task.js';
import { BudgetLauncher } from './budget-launcher.js';
import { FakeAdapter, type FakeConnection } from './fake-engine.js';
import { FakeClock, settle } from './fake-clock.js';
import { MemorySessionStore } from './memory-session-store.js';
import { QuietLogger } from './quiet-logger.js';

/** One pool that loads on demand, unless `config` says otherwise. */
export interface RigPool {
  readonly bytes?: number;
  readonly loadMs?: number;
  /** What each task takes on a slot. 0: a test ends it. */
  readonly serviceMs?: number;
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface OnDemandRigOptions {
  readonly pools: Readonly<Record<string, RigPool>>;
  /** Bytes of each device. */
  readonly devices?: readonly number[];
  readonly rules?: { readonly minLoadedMs?: number; readonly maxTurnMs?: number };
}

const RETENTION = {
  ...{ ringBytes: 1_000_000, framesMs: 600_000, tasksMs: 600_000, tasksKept: 100_000, framesBytes: 10_000_000 },
};
const MADE_BY = { software: '0.0.0', plugins: { discipline: 'priority-fifo@0.1.0', placement: 'least-loaded@0.1.0' } };
const noLog = { log: () => {} };

/** Pools that share memory, with everything that decides about it, on engines and a clock that a test moves. */
export class OnDemandRig {
  readonly clock = new FakeClock();
  readonly metrics = new Metrics();
  readonly logger = new QuietLogger();
  readonly registry = new TaskRegistry(this.clock, RETENTION);
  readonly launcher: BudgetLauncher;
  readonly residents: Residents;
  readonly pools: Pools;
  readonly scheduler: Scheduler;
  readonly adapters = new Map<string, FakeAdapter>();
  readonly tasks: Task[] = [];
  readonly times = new LoadTimes(() => undefined);

  private constructor({ pools, devices = [100], rules = {} }: OnDemandRigOptions) {
    const { clock, logger, metrics, registry, times } = this;
    const needs = Object.fromEntries(Object.entries(pools).map(([id, { bytes = 60 }]) => [id, bytes]));
    this.launcher = new BudgetLauncher(devices, needs);
    const config = parseConfig({ pools: Object.entries(pools).map(([id, pool]) => factsOf(id, pool)) });
    const made = config.pools.map((one) => new Pool(one, this.adapter(one.id, pools[one.id]!)));
    this.residents = new Residents({
      ...{ clock, times, memory: this.launcher, telemetry: new OnDemandTelemetry(metrics, logger) },
      rules: { minLoadedMs: rules.minLoadedMs ?? 0, maxTurnMs: rules.maxTurnMs ?? 120_000 },
    });
    const random = new SeededRandom(7);
    const launcher = new OnDemandLauncher(this.residents, this.launcher);
    this.pools = new Pools(made, { clock, random, logger, metrics, launcher });
    const tariff = new Tariff(config.budgets);
    const sessions = new Sessions({
      ...{ clock, store: new MemorySessionStore(), tariff, limits: { ttlMs: 600_000, maxTurns: 8 } },
      telemetry: new SessionTelemetry(metrics, logger, false),
    });
    const ports = {
      ...{ clock, random, pools: this.pools, registry, sessions, metricsMs: 1_000_000 },
      ...{ telemetry: new TaskTelemetry(metrics, logger), onDeadline: 'stop' as const, overload: USUAL_OVERLOAD },
      receipts: new Receipts(clock, { kept: 100, madeBy: MADE_BY }),
      onDemand: this.residents,
    };
    const queues = priorityFifo.create({ batch_max_wait_ms: 60_000 }, noLog) as QueueDisciplineFactory;
    const strategy = leastLoaded.create({}, noLog) as PlacementStrategy;
    this.scheduler = new Scheduler(
      ports,
      made.map((pool) => ({
        pool: newCorePool(pool.id, pool.config, queues, strategy),
        rates: { prefill: pool.config.perf.prefill_tps, decode: pool.config.perf.decode_tps },
        ...(pool.config.preload ? {} : { coming: () => this.residents.coming(pool.id) }),
      })),
    );
  }

  static async start(options: OnDemandRigOptions): Promise<OnDemandRig> {
    const rig = new OnDemandRig(options);
    rig.residents.start(rig.pools, rig.scheduler);
    rig.pools.start(rig.scheduler, rig.scheduler.traffic);
    await settle();
    return rig;
  }

  pool(id: string): Pool {
    return this.pools.get(id)!;
  }

  state(id: string): string {
    return this.pool(id).state;
  }

  /** Submits a task. @throws AppError when the queue refuses it */
  submit(poolId: string, facts: Partial<TaskRequest> = {}): Task {
    const pool = this.pool(poolId);
    const size = { tokens: 3, counted: false };
    const deadlineAt = facts.deadlineMs === undefined ? {} : { receivedAt: this.clock.now() };
    const request = { ...this.request(pool), ...facts, ...deadlineAt };
    const task = new Task(request, pool.id, pool.engine, size, this.registry.newLog());
    this.scheduler.submit(task);
    this.tasks.push(task);
    return task;
  }

  /** Loads that were finished, of one pool or of all. */
  loads(poolId?: string): number {
    const of = (line: { readonly fields: Readonly<Record<string, unknown>> }) => line.fields['pool_id'];
    return this.logger.of('model_loaded').filter((line) => poolId === undefined || of(line) === poolId).length;
  }

  /** Why models left memory, in order: `pool reason`. */
  get unloads(): readonly string[] {
    return this.logger
      .of('model_unloaded')
      .map(({ fields }) => `${String(fields['pool_id'])} ${String(fields['reason'])}`);
  }

  async stop(): Promise<void> {
    this.scheduler.shutDown();
    this.residents.stop();
    const stopped = this.pools.stop();
    await this.clock.advance(0);
    await stopped;
  }

  private adapter(id: string, { loadMs = 1000, serviceMs = 0 }: RigPool): FakeAdapter {
    const adapter = new FakeAdapter();
    adapter.onConnect = (connection) => {
      if (serviceMs > 0) this.serveBy(connection, serviceMs);
      return new Promise((resolve) => void this.clock.schedule(loadMs, resolve));
    };
    this.adapters.set(id, adapter);
    return adapter;
  }

  /** Every task ends by itself. */
  private serveBy(connection: FakeConnection, serviceMs: number): void {
    const { runs } = connection;
    const push = runs.push.bind(runs);
    runs.push = (...added) => {
      for (const run of added) this.clock.schedule(serviceMs, () => run.live && (run.tokens('a', 'b'), run.end()));
      return push(...added);
    };
  }

  private request(pool: Pool): TaskRequest {
    const number = String(this.tasks.length).padStart(12, '0');
    const sampling = { temperature: 0, topP: 1, topK: 0, minP: 0, presencePenalty: 0, frequencyPenalty: 0 };
    return {
      ...{ id: `00000000-0000-7000-8000-${number}` as TaskId, tenantId: 'default', clientId: null },
      ...{ callName: undefined, correlationId: 'c', provenance: {}, sessionId: null, workload: 'completion' },
      ...{ modelRef: pool.model.ref, priority: 'interactive', seed: 1n, determinism: undefined },
      ...{ samplerProfileVersion: 'v1', prompt: { type: 'text', text: 'Hello' }, inputs: [] },
      ...{ sampling: { ...sampling, repeatPenalty: 1, stop: [] }, jsonSchema: undefined, ctx: 4096, maxTokens: 100 },
      ...{ deadlineMs: undefined, expectedTokens: undefined, kvHint: undefined, onDisconnect: 'detach' },
      ...{ receivedAt: this.clock.now(), createdMs: this.clock.epochMs() },
    };
  }
}

function factsOf(id: string, { config = {} }: RigPool): Record<string, unknown> {
  return { id, engine: 'fake', model: `model-${id}`, preload: false, queue: { capacity: 10_000 }, ...config };
}
