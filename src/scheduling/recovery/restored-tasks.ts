import { type Clock } from '../../kernel/clock.js';
import { type Pools } from '../../pools/pools.js';
import { type TaskJournal } from '../../tasks/task-journal.js';
import { type TaskRegistry } from '../../tasks/task-registry.js';
import { type Task } from '../../tasks/task.js';
import { type SchedulerEvent } from '../core/model.js';
import { type Deadlines } from '../deadlines.js';
import { type Failovers } from '../failover/failovers.js';
import { AT_ONCE, type PoolOutlook } from '../forecast/pool-outlook.js';
import { itemOf, sizePart } from '../queue-item.js';
import { type SessionTasks } from '../session-tasks.js';

export interface RestorePorts {
  readonly clock: Clock;
  readonly pools: Pools;
  readonly registry: TaskRegistry;
  readonly journal?: Pick<TaskJournal, 'follow'>;
}

/** The parts of the scheduler that a restored task joins. */
export interface RestoreCore {
  event(event: SchedulerEvent): void;
  outlook(task: Task): PoolOutlook;
  readonly sessionTasks: SessionTasks;
  readonly deadlines: Deadlines;
  readonly failovers: Failovers;
}

/** What becomes of a task that an earlier daemon did not end. */
export type Restoration = 'waits' | 'goes-on' | 'ended';

/** Daemons that may end while an engine has the task: it may be what ends them. */
const MOST_LIVES = 3;
const RESTARTED =
  'the server was restarted while the answer was written, and no other run is sure to go on with it; send the task again';

/** Tasks of an earlier daemon on their way back into the scheduler. */
export class RestoredTasks {
  constructor(
    private readonly ports: RestorePorts,
    private readonly core: RestoreCore,
  ) {}

  /** Takes over a task that had not ended; its pool is there. Whoever restores several begins with the oldest. */
  restore(task: Task): Restoration {
    this.join(task);
    if (task.startedMs !== undefined && task.recoveredAfter.length > MOST_LIVES) return this.end(task);
    if (task.firstTokenAt === undefined) return 'waits';
    const { failovers } = this.core;
    if (!failovers.mayGoOn(task)) return this.end(task);
    failovers.restored(task);
    return 'goes-on';
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
    const { key, poolId, requeued, failovers } = task;
    const state = { requeued, failovers, begun: task.firstTokenAt !== undefined };
    const parts = { ...session, ...sizePart(task, outlook) };
    this.core.event({ type: 'restored', key, poolId, item: itemOf(task, now, outlook), ...state, ...parts });
    // Its session may not have been written as late as its frames.
    if (state.begun) sessionTasks.delivered(task);
    outlook.enqueued(task, AT_ONCE, now);
    deadlines.watch(task);
  }

  private end({ key }: Task): Restoration {
    this.core.event({ type: 'called-off', key, code: 'WORKER_RESET', message: RESTARTED });
    return 'ended';
  }
}
