import { TASK_STATES, type TaskState, canMove, isTerminal } from './task-state.js';

/** The table of the specification, written down a second time. */
const NEXT: Record<TaskState, TaskState[]> = {
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

describe('task states', () => {
  it.each(TASK_STATES)('%s leads only where the table says (ORCH-4106, ORCH-3024)', (from) => {
    expect(TASK_STATES.filter((to) => canMove(from, to)).sort()).toEqual([...NEXT[from]].sort());
  });

  it('are terminal when nothing follows (ORCH-4201)', () => {
    expect(TASK_STATES.filter(isTerminal)).toEqual(['completed', 'cancelled', 'expired', 'evicted', 'failed']);
  });

  it('reach a terminal one from each (ORCH-4952)', () => {
    for (const state of TASK_STATES) expect(isTerminal(state) || NEXT[state].some(isTerminal)).toBe(true);
  });
});
