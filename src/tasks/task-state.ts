/**
 * Life of a task. `dispatched`: a lease is held and the engine has not answered yet. `streaming`: its reader has something,
 * also while a lost engine is replaced. `preempted`: it was cut off between two tokens for more urgent work and goes on later.
 */
export type TaskState =
  'queued' | 'dispatched' | 'streaming' | 'preempted' | 'completed' | 'cancelled' | 'expired' | 'evicted' | 'failed';

const NEXT: Readonly<Record<TaskState, readonly TaskState[]>> = {
  queued: ['dispatched', 'cancelled', 'evicted', 'expired', 'failed'],
  dispatched: ['streaming', 'completed', 'queued', 'cancelled', 'expired', 'failed'],
  streaming: ['completed', 'cancelled', 'expired', 'failed', 'preempted'],
  preempted: ['streaming', 'cancelled', 'expired', 'failed'],
  completed: [],
  cancelled: [],
  expired: [],
  evicted: [],
  failed: [],
};

export const TASK_STATES = Object.keys(NEXT) as readonly TaskState[];

export function canMove(from: TaskState, to: TaskState): boolean {
  return NEXT[from].includes(to);
}

export function isTerminal(state: TaskState): boolean {
  return NEXT[state].length === 0;
}
