import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type Task } from '../../tasks/task.js';

/** Which part of the last tasks with a deadline was on time, per class. */
export class DeadlineRatio {
  private readonly outcomes: Record<PriorityClass, boolean[]> = { interactive: [], batch: [] };

  /** @param window how many tasks of a class it looks back on */
  constructor(private readonly window: number) {}

  /** A task that its caller took back is neither on time nor late. */
  ended({ deadlineAt, endedAt, state, request }: Task): void {
    if (deadlineAt === undefined || endedAt === undefined || state === 'cancelled') return;
    const outcomes = this.outcomes[request.priority];
    outcomes.push(state === 'completed' && endedAt <= deadlineAt);
    if (outcomes.length > this.window) outcomes.shift();
  }

  /** 0 to 1; undefined before the first such task. */
  of(priority: PriorityClass): number | undefined {
    const outcomes = this.outcomes[priority];
    if (outcomes.length === 0) return undefined;
    return outcomes.filter((isMet) => isMet).length / outcomes.length;
  }
}
