import { type TaskKey } from '../kernel/ids.js';
import { type TaskState } from '../tasks/task-state.js';
import { type TaskRequest } from '../tasks/task.js';

/** A task as far as predictions look at it: a real one, or one of the simulator. Times in ms of the monotonic clock. */
export interface Forecastable {
  readonly key: TaskKey;
  readonly request: Pick<TaskRequest, 'priority' | 'maxTokens' | 'expectedTokens' | 'receivedAt'>;
  /** Counted or estimated. */
  readonly promptTokens: number;
  readonly state: TaskState;
  readonly deadlineAt: number | undefined;
  readonly dispatchedAt: number | undefined;
  readonly firstTokenAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly tokensOut: number;
  /** It was cut off in between, so its times say nothing of the engine's speed. */
  readonly preempted?: boolean;
}
