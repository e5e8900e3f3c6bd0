import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type Pool } from '../pools/pool.js';
import { type Task } from '../tasks/task.js';
import { type Quotas } from './limits/quotas.js';
import { type Shedding } from './shedding/shedding.js';

/** Checks of the chosen pool: what class and tenant may take, and whether the pool sheds the class. */
export class Gate {
  constructor(
    private readonly quotas: Quotas,
    private readonly shedding: Shedding,
  ) {}

  /** Pools that would let one more task of this class in; all of them when none would, so that one says why. */
  open(pools: readonly Pool[], priority: PriorityClass): readonly Pool[] {
    const open = pools.filter((pool) => !this.shedding.closes(pool.id, priority) && this.quotas.opens(pool, priority));
    return open.length > 0 ? open : pools;
  }

  /**
   * Goes on with what the task takes from its limits.
   * @throws AppError 429 `QUOTA_EXCEEDED`, or whatever `next` throws; nothing is held for the task then
   */
  withinLimits<Result>(task: Task, pool: Pool, next: () => Result): Result {
    return this.quotas.lend(task, pool, next);
  }

  /** @throws AppError 429 `ADMISSION_REJECT` while the pool sheds the task's class */
  unlessShed<Result>({ request }: Task, pool: Pool, next: () => Result): Result {
    this.shedding.refuse(pool, request.priority);
    return next();
  }
}
