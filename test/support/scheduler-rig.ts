import leastLoaded from '@llama-orch/placement-least-loaded';
import {
  type EngineDescription,
  type PlacementStrategy,
  type PriorityClass,
  type QueueDiscipline,
  type QueueDisciplineFactory,
} from '@llama-orch/plugin-sdk';
import priorityFifo from '@llama-orch/queue-priority-fifo';
import { parseConfig } from '../../src/config/index.js';
import { AppError } from '../../src/kernel/errors.js';
import { type TaskId } from '../../src/kernel/ids.js';
import { SeededRandom } from '../../src/kernel/random.js';
import { Metrics } from '../../src/observability/metrics.js';
import { NOTHING_TO_LAUNCH } from '../../src/pools/launch.js';
import { Pool } from '../../src/pools/pool.js';
import { Pools } from '../../src/pools/pools.js';
import { type CorePool } from '../../src/scheduling/core/model.js';
import { type PreemptionRules } from '../../src/scheduling/core/preemption.js';
import { type OverloadRules, USUAL_OVERLOAD } from '../../src/scheduling/forecast/overload.js';
import { Receipts } from '../../src/scheduling/receipts/receipts.js';
import { Recovery } from '../../src/scheduling/recovery/recovery.js';
import { Scheduler } from '../../src/scheduling/scheduler.js';
import { type SessionStore } from '../../src/sessions/session-store.js';
import { SessionTelemetry } from '../../src/sessions/session-telemetry.js';
import { Sessions } from '../../src/sessions/sessions.js';
import { Tariff } from '../../src/sessions/tariff.js';
import { JournalTelemetry } from '../../src/tasks/journal-telemetry.js';
import { TaskJournal } from '../../src/tasks/task-journal.js';
import { TaskRegistry } from '../../src/tasks/task-registry.js';
import { type TaskStore } from '../../src/tasks/task-store.js';
import { TaskTelemetry } from '../../src/tasks/task-telemetry.js';
import { Task, type TaskRequest } from '../../src/tasks/task.js';
import { FakeAdapter, type FakeConnection } from './fake-engine.js';
import { FakeClock, settle } from './fake-clock.js';
import { MemorySessionStore } from './memory-session-store.js';
import { QuietLogger } from './quiet-logger.js';

/** Where tasks and sessions outlive a rig. */
export interface Disk {
  readonly tasks: TaskStore;
  readonly sessions: SessionStore;
}

export interface RigOptions {
  /** Members of the one pool, as in a configuration file. */
  readonly pool?: Readonly<Record<string, unknown>>;
  readonly onDeadline?: 'stop' | 'finish';
  /** Members of `budgets`, as in a configuration file. */
  readonly budgets?: Readonly<Record<string, unknown>>;
  readonly preemption?: PreemptionRules;
  readonly queue?: QueueDiscipline;
  readonly strategy?: PlacementStrategy;
  readonly overload?: OverloadRules;
  /** Bytes of frames that a log holds at least. */
  readonly keepBytes?: number;
  /** What the engine says of itself beside the usual; `never`: it does not answer. */
  readonly engine?: Partial<EngineDescription> | 'never';
  /** Changes a connection before anybody asks anything of it. */
  readonly prepare?: (connection: FakeConnection) => void;
  /** The catalog has taken the model out of service. */
  readonly retired?: boolean;
  /** Makes tasks durable; a later rig on the same one is the daemon after a crash. */
  readonly disk?: Disk;
  /** Of the daemon before a crash, so that time goes on. */
  readonly clock?: FakeClock;
}

/** One frame of a task's log. */
export interface Frame {
  readonly id: number;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const RETENTION = {
  ringBytes: 1_000_000,
  framesMs: 600_000,
  tasksMs: 600_000,
  tasksKept: 1000,
  framesBytes: 1_000_000,
};
const noLog = { log: () => {} };
const MADE_BY = { software: '0.0.0', plugins: { discipline: 'priority-fifo@0.1.0', placement: 'least-loaded@0.1.0' } };

/** The scheduler with everything below it, on an engine that a test plays and a clock that a test moves. */
export class SchedulerRig {
  readonly clock: FakeClock;
  readonly adapter = new FakeAdapter();
  readonly metrics = new Metrics();
  readonly logger = new QuietLogger();
  readonly registry: TaskRegistry;
  /** Of a rig without a disk. */
  readonly store = new MemorySessionStore();
  readonly sessions: Sessions;
  readonly telemetry = new TaskTelemetry(this.metrics, this.logger);
  readonly journal: TaskJournal | undefined;
  readonly receipts: Receipts;
  readonly pool: Pool;
  readonly pools: Pools;
  readonly scheduler: Scheduler;
  readonly tasks: Task[] = [];

  private constructor(options: RigOptions) {
    this.clock = options.clock ?? new FakeClock();
    const { clock, logger, metrics, telemetry } = this;
    this.receipts = new Receipts(clock, { kept: 10_000, madeBy: MADE_BY });
    const { keepBytes: ringBytes = RETENTION.ringBytes } = options;
    const registry = new TaskRegistry(clock, { ...RETENTION, ringBytes });
    this.registry = registry;
    const facts = { id: 'p', engine: 'fake', model: 'm', ...options.pool };
    const config = parseConfig({ pools: [facts], budgets: options.budgets ?? {} });
    this.pool = new Pool(config.pools[0]!, this.adapter);
    const tariff = new Tariff(config.budgets);
    this.sessions = new Sessions({
      ...{ clock, store: options.disk?.sessions ?? this.store, tariff, limits: { ttlMs: 600_000, maxTurns: 8 } },
      telemetry: new SessionTelemetry(metrics, logger, tariff.isActive),
    });
    const random = new SeededRandom(7);
    this.pools = new Pools([this.pool], { clock, random, logger, metrics, launcher: NOTHING_TO_LAUNCH });
    if (options.retired === true) this.pools.isRetired = () => true;
    this.adapter.onConnect = (connection) => prepare(connection, options);
    this.journal = options.disk && this.journalOn(options.disk.tasks);
    const ports = {
      ...(this.journal && { journal: this.journal }),
      clock,
      random,
      pools: this.pools,
      registry,
      telemetry,
      sessions: this.sessions,
      metricsMs: 1000,
      onDeadline: options.onDeadline ?? 'stop',
      receipts: this.receipts,
      overload: options.overload ?? USUAL_OVERLOAD,
    };
    const { prefill_tps: prefill, decode_tps: decode } = this.pool.config.perf;
    this.scheduler = new Scheduler(ports, [
      {
        pool: {
          ...corePoolOf(this.pool),
          ...(options.preemption && { preemption: options.preemption }),
          ...(options.queue && { queue: options.queue }),
          ...(options.strategy && { strategy: options.strategy }),
        },
        rates: { prefill, decode },
      },
    ]);
  }

  /** A rig whose replicas are Ready. It has taken over what an earlier one left on its disk. */
  static async ready(options: RigOptions = {}): Promise<SchedulerRig> {
    const rig = new SchedulerRig(options);
    if (options.disk !== undefined) await rig.recover(options.disk.tasks);
    rig.pools.start(rig.scheduler, rig.scheduler.traffic);
    await settle();
    return rig;
  }

  /** Submits a task. @throws AppError when the queue refuses it */
  submit(facts: Partial<TaskRequest> = {}): Task {
    const task = this.task(facts);
    this.scheduler.submit(task);
    this.tasks.push(task);
    return task;
  }

  /** Submits a task as admission does: it is durable when this settles. */
  async accept(facts: Partial<TaskRequest> = {}): Promise<Task> {
    const task = this.submit(facts);
    await this.journal?.accept(task, []);
    return task;
  }

  /** A task that nobody has submitted. */
  task(facts: Partial<TaskRequest> = {}): Task {
    const size = { tokens: 3, counted: false };
    return new Task(this.request(facts), this.pool.id, this.pool.engine, size, this.registry.newLog());
  }

  /** The refusal of a task that finds no room. */
  refusal(facts: Partial<TaskRequest> = {}): AppError {
    try {
      this.submit(facts);
    } catch (error) {
      if (error instanceof AppError) return error;
      throw error;
    }
    throw new Error('the task was not refused');
  }

  /** The decode of a task. @throws when the engine has not been asked */
  runOf(task: Task) {
    const run = this.adapter.runOf(task.request.id);
    if (run === undefined) throw new Error(`no engine was asked for task ${task.request.id}`);
    return run;
  }

  get busy(): number {
    return this.scheduler.busySlots(this.pool.id);
  }

  get waiting(): number {
    return this.scheduler.queueDepth(this.pool.id, 'interactive') + this.scheduler.queueDepth(this.pool.id, 'batch');
  }

  /** The value of one series in the metrics text; 0 when it is not there. */
  async series(name: string): Promise<number> {
    const lines = (await this.metrics.text()).split('\n').filter((line) => line.startsWith(name));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  private journalOn(store: TaskStore): TaskJournal {
    const { clock, sessions, logger } = this;
    const streamLogOf = () => this.pool.config.stream_log;
    return new TaskJournal({ clock, store, sessions, telemetry: new JournalTelemetry(logger), streamLogOf });
  }

  private async recover(store: TaskStore): Promise<void> {
    const { clock, registry, sessions, logger, scheduler } = this;
    const telemetry = new JournalTelemetry(logger);
    const parts = { clock, store, registry, sessions, telemetry };
    await new Recovery({ ...parts, tasks: scheduler.restored, tasksKept: RETENTION.tasksKept }).run();
  }

  private request(facts: Partial<TaskRequest>): TaskRequest {
    const number = String(this.tasks.length).padStart(12, '0');
    return {
      id: `00000000-0000-7000-8000-${number}` as TaskId,
      tenantId: 'default',
      clientId: null,
      callName: undefined,
      correlationId: 'c',
      provenance: {},
      sessionId: null,
      workload: 'completion',
      modelRef: 'm',
      priority: 'interactive',
      seed: 1n,
      determinism: undefined,
      samplerProfileVersion: 'v1',
      prompt: { type: 'text', text: 'Hello' },
      inputs: [],
      sampling: {
        temperature: 0,
        topP: 1,
        topK: 0,
        minP: 0,
        presencePenalty: 0,
        frequencyPenalty: 0,
        repeatPenalty: 1,
        stop: [],
      },
      jsonSchema: undefined,
      ctx: 4096,
      maxTokens: 100,
      deadlineMs: undefined,
      expectedTokens: undefined,
      kvHint: undefined,
      onDisconnect: 'detach',
      receivedAt: this.clock.now(),
      createdMs: this.clock.epochMs(),
      ...facts,
    };
  }
}

function prepare(connection: FakeConnection, { engine, prepare: change }: RigOptions): Promise<void> | void {
  if (engine === 'never') return new Promise(() => {});
  connection.description = { ...connection.description, ...engine };
  change?.(connection);
}

/** The frames of a task's log. */
export function framesOf({ log }: Task): Frame[] {
  const cursor = log.open(0);
  const parts: Buffer[] = [];
  for (let part = log.read(cursor); part !== undefined; part = log.read(cursor)) parts.push(part);
  const text = Buffer.concat(parts).toString('utf8');
  return text
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map(parsed);
}

export function eventsOf(task: Task): string[] {
  return framesOf(task).map(({ event }) => event);
}

function parsed(frame: string): Frame {
  const [id, event, data, ...rest] = frame.split('\n');
  if (rest.length > 0) throw new Error(`a frame has more than three lines: ${frame}`);
  const after = (line: string | undefined, name: string) => {
    if (!line?.startsWith(`${name}: `)) throw new Error(`a frame lacks its line ${name}: ${frame}`);
    return line.slice(name.length + 2);
  };
  return {
    id: Number(after(id, 'id')),
    event: after(event, 'event'),
    data: JSON.parse(after(data, 'data')) as Frame['data'],
  };
}

function corePoolOf({ id, config }: Pool): CorePool {
  const queues = priorityFifo.create({ batch_max_wait_ms: 60_000 }, noLog) as QueueDisciplineFactory;
  const strategy = leastLoaded.create({}, noLog) as PlacementStrategy;
  const of = (name: PriorityClass) => config.admission.priorities.find((entry) => entry.name === name)!;
  const [interactive, batch] = [of('interactive'), of('batch')];
  return {
    id,
    capacity: config.queue.capacity,
    classCapacity: { interactive: interactive.queue_capacity, batch: batch.queue_capacity },
    fullPolicy: { interactive: interactive.full_policy, batch: batch.full_policy },
    queue: queues.createQueue(),
    strategy,
    replicas: new Map(),
    suspendedAt: [],
    suspending: 0,
  };
}
