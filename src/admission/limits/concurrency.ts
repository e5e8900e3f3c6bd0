import { type Clock } from '../../kernel/clock.js';
import { type Random } from '../../kernel/random.js';
import { workpieceOf } from '../../scheduling/forecast/forecastable.js';
import { type Scheduler } from '../../scheduling/scheduler.js';
import { type TaskRegistry } from '../../tasks/task-registry.js';
import { type Task } from '../../tasks/task.js';
import { PromiseLine } from './promise-line.js';
import { type QuotaRefusal } from './quota-refusal.js';

export interface ConcurrencyPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: TaskRegistry;
  readonly scheduler: Pick<Scheduler, 'outlook' | 'positionOf'>;
}

/** The oldest tasks of a tenant end first; later ones need not be looked at. */
const LOOKED_AT = 64;

/** How many tasks of a tenant wait or run. They are counted where they live, so nothing can leak. */
export class Concurrency {
  private readonly lines = new Map<string, PromiseLine>();

  constructor(private readonly ports: ConcurrencyPorts) {}

  /** Why the tenant of this task may have no further one; undefined when it may. */
  refusal({ request: { tenantId } }: Task, most: number): QuotaRefusal | undefined {
    const live = this.ports.registry.liveOf(tenantId);
    if (live.size < most) {
      if (live.size + 1 < most) this.lines.delete(tenantId);
      return undefined;
    }
    return {
      limit: { name: 'max_concurrent', value: most, used: live.size },
      what: `tenant ${tenantId} has ${live.size} tasks waiting or running, the most it may have`,
      retryMs: this.retryMs(tenantId, live),
    };
  }

  /** p90 time until one of these tasks has ended; each refused caller gets an end of its own. */
  private retryMs(tenantId: string, live: ReadonlySet<Task>): number {
    const now = this.ports.clock.now();
    const ends: number[] = [];
    for (const task of live) if (ends.push(this.endsInMs(task, now)) === LOOKED_AT) break;
    const sorted = ends.toSorted((a, b) => a - b);
    const interval = sorted.at(-1)! / sorted.length;
    return this.lineOf(tenantId).nextMs(now, sorted[0]!, interval);
  }

  private endsInMs(task: Task, now: number): number {
    const outlook = this.ports.scheduler.outlook(task.poolId);
    const position = this.ports.scheduler.positionOf(task);
    if (position !== undefined) {
      const start = outlook.startAfter(position, now, task.request.priority);
      return start.p90 + outlook.serviceMs(workpieceOf(task)).p90;
    }
    return outlook.remainingMs(task, now).p90;
  }

  private lineOf(tenantId: string): PromiseLine {
    const line = this.lines.get(tenantId) ?? new PromiseLine(this.ports.random);
    this.lines.set(tenantId, line);
    return line;
  }
}
