import { type CoreLease, type CoreTask, type SchedulerEvent, type TaskEnd } from './model.js';

/** How an answer may go on whose engine was lost after its first token. */
export interface FailoverOffer {
  /** Times that one task may go on so. */
  readonly most: number;
  /** Another pool that answers alike serves now. */
  readonly elsewhere: boolean;
}

/** One of them: the first is attempt 1. */
export interface FailoverAttempt {
  readonly attempt: number;
  readonly most: number;
}

type RunFailed = Extract<SchedulerEvent, { type: 'run-failed' }>;

/** Why the answer of a lost engine ends here; undefined when it goes on, which the task then counts. */
export function failOver(
  task: CoreTask,
  { most, elsewhere }: FailoverOffer,
  { code, message }: RunFailed,
  lease: CoreLease | undefined,
): TaskEnd | undefined {
  const { outage } = task.pool;
  if (task.failovers >= most || lease?.replica.retired === true) return { type: 'failed', code, message };
  if (outage !== undefined && !elsewhere) return { type: 'failed', ...outage };
  task.failovers++;
  return undefined;
}
