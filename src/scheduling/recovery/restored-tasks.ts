import { type Clock } from '../../kernel/clock.js';
import { type ErrorCode } from '../../kernel/errors.js';
import { type Pool } from '../../pools/pool.js';
import { type Pools } from '../../pools/pools.js';
import { frameText } from '../../tasks/frames.js';
import { type TaskJournal } from '../../tasks/task-journal.js';
import { type TaskRegistry } from '../../tasks/task-registry.js';
import { type TaskTelemetry } from '../../tasks/task-telemetry.js';
import { type Task } from '../../tasks/task.js';
import { type SchedulerEvent } from '../core/model.js';
import { type Deadlines } from '../deadlines.js';
import { type FailoverListener, type Failovers } from '../failover/failovers.js';
import { AT_ONCE, type PoolOutlook } from '../forecast/pool-outlook.js';
import { bestPool } from '../pool-ranking.js';
import { itemOf, sizePart } from '../queue-item.js';
import { type SessionTasks } from '../session-tasks.js';
import { fits } from '../task-fit.js';
import { endingOf } from '../terminal.js';

export interface RestorePorts {
  readonly clock: Clock;
  readonly pools: Pools;
  readonly registry: TaskRegistry;
  readonly telemetry: TaskTelemetry;
  readonly journal?: Pick<TaskJournal, 'follow' | 'end'>;
}

/** The parts of the scheduler that a restored task joins. */
export interface RestoreCore {
  event(event: SchedulerEvent): void;
  outlook(of: Pick<Task, 'poolId'>): PoolOutlook;
  readonly sessionTasks: SessionTasks;
  readonly deadlines: Deadlines;
  readonly failovers: Failovers;
}

/** What becomes of a task that an earlier daemon did not end. */
export type Restoration = 'waits' | 'goes-on' | 'ended';

/** Daemons that may end while an engine has the task: it may be what ends them. */
const MOST_LIVES = 3;
/** Daemons that may end after an engine had it, for one that it ends faster than can be written down. */
const MOST_RESTARTS = 10;
/** A reader whose connection ended with the daemon is back by then, or does not come. */
const READER_MS = 30_000;
const RESTARTED =
  'the server was restarted while the answer was written, and no other run is sure to go on with it; send the task again';
const TOO_OFTEN =
  'the server ended again and again while an engine had the task; look at its log before you send it again';

/** Tasks of an earlier daemon on their way back into the scheduler. */
export class RestoredTasks implements FailoverListener {
  /** Those that no engine has had since. */
  private readonly untried = new Set<Task>();
  private noteLife: (task: Task) => void = () => {};

  constructor(
    private readonly ports: RestorePorts,
    private readonly core: RestoreCore,
  ) {
    core.failovers.watchBy(this);
  }

  /** From now on `note` is told of a restored task that is about to go to an engine for the first time in this life. */
  beforeEngine(note: (task: Task) => void): void {
    this.noteLife = note;
  }

  /** Takes over a task that had not ended. Whoever restores several begins with the oldest. */
  restore(task: Task): Restoration {
    const own = this.ports.pools.get(task.poolId);
    const pool = own !== undefined && this.serves(own, task) ? own : this.otherFor(task);
    if (pool === undefined && own === undefined) return this.endWithoutPool(task);
    if (pool !== undefined) assign(task, pool);
    this.join(task);
    if (pool === undefined) return this.end(task, 'POOL_UNAVAILABLE', unserved(task));
    if (task.startedMs !== undefined && isWorn(task)) return this.end(task, 'WORKER_RESET', TOO_OFTEN);
    const isBegun = task.firstTokenAt !== undefined;
    if (isBegun && !this.core.failovers.mayGoOn(task)) return this.end(task, 'WORKER_RESET', RESTARTED);
    if (isBegun) this.core.failovers.restored(task);
    this.untried.add(task);
    this.expectReader(task);
    return isBegun ? 'goes-on' : 'waits';
  }

  dispatched(task: Task): void {
    if (!this.untried.delete(task)) return;
    task.lives++;
    if (task.firstTokenAt !== undefined) task.failovers++;
    this.noteLife(task);
  }

  ended(task: Task): void {
    this.untried.delete(task);
  }

  /** An engine has answered, and may have said that it does not offer what a task was accepted for. */
  capacityCame(): void {
    for (const task of [...this.untried]) {
      const pool = this.ports.pools.get(task.poolId);
      if (pool?.description === undefined || fits(pool, task)) continue;
      this.untried.delete(task);
      this.end(task, 'POOL_UNAVAILABLE', unserved(task));
    }
  }

  private serves(pool: Pool, task: Task): boolean {
    return !this.ports.pools.isRetired(pool) && fits(pool, task);
  }

  private otherFor(task: Task): Pool | undefined {
    const others = this.ports.pools.all.filter((pool) => pool.id !== task.poolId && this.serves(pool, task));
    if (others.length === 0) return undefined;
    const offers = others.map(({ id: poolId }) => ({ outlook: this.core.outlook({ poolId }), task }));
    const { outlook } = bestPool(offers, this.ports.clock.now());
    return this.ports.pools.get(outlook.pool.id);
  }

  private join(task: Task): void {
    const { clock, pools, registry, journal } = this.ports;
    const { sessionTasks, deadlines } = this.core;
    const now = clock.now();
    const outlook = this.core.outlook(task);
    registry.add(task);
    journal?.follow(task, 'recovered');
    const session = sessionTasks.introduce(task, outlook, pools.get(task.poolId)!.config.timeouts.wall_ms);
    sessionTasks.restored(task);
    const { key, poolId, requeued } = task;
    const begun = task.firstTokenAt !== undefined;
    const state = { requeued, failovers: task.failovers + (begun ? 1 : 0), begun };
    const parts = { ...session, ...sizePart(task, outlook) };
    this.core.event({ type: 'restored', key, poolId, item: itemOf(task, now, outlook), ...state, ...parts });
    // Its session may not have been written as late as its frames.
    if (begun) sessionTasks.delivered(task);
    outlook.enqueued(task, AT_ONCE, now);
    deadlines.watch(task);
  }

  /** Whoever wanted the answer for as long as it was read does not want it for nobody. */
  private expectReader(task: Task): void {
    if (task.request.onDisconnect !== 'cancel') return;
    const { clock } = this.ports;
    clock.schedule(READER_MS, () => {
      if (task.ended || task.log.readerCount > 0) return;
      this.core.event({ type: 'cancelled', key: task.key, reason: 'disconnect', now: clock.now() });
    });
  }

  private end({ key }: Task, code: ErrorCode, message: string): Restoration {
    this.core.event({ type: 'called-off', key, code, message });
    return 'ended';
  }

  /** The configuration knows neither its pool nor another one for it, so that no queue can hold it. */
  private endWithoutPool(task: Task): Restoration {
    const { registry, journal, clock, telemetry } = this.ports;
    registry.add(task);
    journal?.follow(task, 'recovered');
    task.endedAt = clock.now();
    task.endedMs = clock.epochMs();
    const message = `pool ${task.poolId} is no longer configured; send the task again`;
    const { frame, state, error } = endingOf(task, { type: 'failed', code: 'POOL_UNAVAILABLE', message }, 0);
    task.error = error;
    task.moveTo(state);
    this.core.sessionTasks.orphaned(task);
    journal?.end(task, frameText(task.log.upcomingSeq, frame.type, JSON.stringify(frame.data)));
    registry.retain(task);
    telemetry.ended(task, frame, undefined);
    return 'ended';
  }
}

/** What another pool serves is another model, where it has a name of its own. */
function assign(task: Task, pool: Pool): void {
  if (task.poolId === pool.id) return;
  task.poolId = pool.id;
  task.modelId = pool.model.id;
}

function isWorn({ lives, recoveredAfter }: Task): boolean {
  return lives > MOST_LIVES || recoveredAfter.length > MOST_RESTARTS;
}

function unserved({ poolId }: Task): string {
  return `pool ${poolId} no longer serves what the task was accepted for, and no other pool does; send the task again`;
}
