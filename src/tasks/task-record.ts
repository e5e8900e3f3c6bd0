import { type Clock } from '../kernel/clock.js';
import { AppError, type ErrorCode, type ErrorMembers } from '../kernel/errors.js';
import { type PoolId, type ReplicaId, type TaskKey } from '../kernel/ids.js';
import { type FinishReason } from './frames.js';
import { type TaskLog } from './task-log.js';
import { type TaskState } from './task-state.js';
import { type Promise202, type PromptSize, Task, type TaskRequest } from './task.js';

/** A request as text can hold it. Its time of receipt is the wall clock's: the monotonic one ends with the process. */
export type StoredRequest = Omit<TaskRequest, 'seed' | 'receivedAt'> & { readonly seed: string };

/** An accepted task: everything that is fixed from then on. */
export interface TaskRecord {
  readonly key: TaskKey;
  readonly request: StoredRequest;
  readonly poolId: PoolId;
  readonly engine: string;
  readonly modelId: string | undefined;
  readonly promptSize: PromptSize;
  readonly promise: Promise202;
  /** Unix epoch ms of the receipt. */
  readonly receivedMs: number;
}

/** How far a running task is, beside its frames. */
export interface TaskProgress {
  readonly poolId: PoolId;
  readonly replicaId: ReplicaId | undefined;
  readonly engineVersion: string | undefined;
  readonly modelDigest: string | undefined;
  readonly answeredBy: string | undefined;
  readonly startedMs: number | undefined;
  readonly requeued: boolean;
  readonly failovers: number;
  readonly preempted: boolean;
  readonly lostRunMs: number;
  /** Daemons in whose time an engine had it; absent of a task that has known one daemon only. */
  readonly lives?: number;
  /** Sequence numbers up to which its log survived crashes. */
  readonly recoveredAfter: readonly number[];
}

/** What stays of a task that has ended. What it was asked does not. */
export interface EndedRecord extends Omit<TaskRecord, 'request'>, TaskProgress {
  readonly request: Omit<StoredRequest, 'prompt' | 'inputs' | 'jsonSchema'>;
  readonly state: TaskState;
  readonly endedMs: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly decodeMs: number;
  readonly finishReason: FinishReason | undefined;
  readonly error: StoredError | undefined;
  readonly lastSeq: number;
  readonly transcript: string | undefined;
}

interface StoredError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly members: ErrorMembers;
}

export function recordOf(task: Task, clock: Clock): TaskRecord {
  const { seed, receivedAt, ...rest } = task.request;
  return {
    key: task.key,
    request: { ...rest, seed: String(seed) },
    ...{ poolId: task.poolId, engine: task.engine, modelId: task.modelId },
    ...{ promptSize: task.promptSize, promise: task.promise },
    receivedMs: Math.round(clock.epochMs() - (clock.now() - receivedAt)),
  };
}

export function progressOf(task: Task): TaskProgress {
  const { poolId, replicaId, engineVersion, modelDigest, answeredBy, startedMs } = task;
  const { requeued, failovers, preempted, lostRunMs, lives, recoveredAfter } = task;
  return {
    ...{ poolId, replicaId, engineVersion, modelDigest, answeredBy, startedMs },
    ...{ requeued, failovers, preempted, lostRunMs, recoveredAfter },
    ...(lives === 0 ? {} : { lives }),
  };
}

/** Of a task whose terminal frame is written, but not published yet. */
export function endedRecordOf(task: Task, clock: Clock): EndedRecord {
  const { request, ...record } = recordOf(task, clock);
  const { prompt: _prompt, inputs: _inputs, jsonSchema: _schema, ...short } = request;
  const { state, tokensIn, tokensOut, finishReason, error, transcript, log } = task;
  return {
    ...record,
    ...progressOf(task),
    ...{ state, tokensIn, tokensOut, finishReason, transcript },
    request: short,
    endedMs: task.endedMs!,
    decodeMs: task.decodeMs(task.endedAt!),
    error: error && { code: error.code, message: error.message, members: error.members },
    lastSeq: log.upcomingSeq,
  };
}

/** A task of before a restart that has not ended. `log` holds its frames. */
export function taskOf(record: TaskRecord, progress: TaskProgress | undefined, log: TaskLog, clock: Clock): Task {
  const task = taskWith(record, record.request, log, clock);
  if (progress !== undefined) takeOver(task, progress);
  return task;
}

/** An ended task of before a restart. Its frames are in the store. */
export function endedTaskOf(record: EndedRecord, log: TaskLog, clock: Clock): Task {
  const nothing = { prompt: undefined, inputs: [], jsonSchema: undefined };
  const task = taskWith(record, { ...record.request, ...nothing }, log, clock);
  takeOver(task, record);
  const { tokensIn, tokensOut, finishReason, error, transcript, endedMs } = record;
  Object.assign(task, { tokensIn, tokensOut, finishReason, transcript, endedMs });
  task.endedAt = monotonic(endedMs, clock);
  // A cursor that was beyond what survived is as uncertain in every later life.
  if (task.recoveredAfter.length > 0) log.markRecovered({ epoch: endedMs, after: task.recoveredAfter });
  task.firstTokenAt = record.decodeMs === 0 && tokensOut === 0 ? undefined : task.endedAt - record.decodeMs;
  task.error = error && new AppError(error.code, error.message, { members: error.members });
  task.restoreEnded(record.state);
  return task;
}

function taskWith(
  { poolId, engine, promptSize, promise, modelId, receivedMs }: Omit<TaskRecord, 'request'>,
  { seed, ...request }: StoredRequest,
  log: TaskLog,
  clock: Clock,
): Task {
  const restored = { ...request, seed: BigInt(seed), receivedAt: monotonic(receivedMs, clock) };
  const task = new Task(restored, poolId, engine, promptSize, log);
  task.promise = promise;
  task.modelId = modelId;
  return task;
}

function takeOver(task: Task, progress: TaskProgress): void {
  const { poolId, replicaId, engineVersion, modelDigest, answeredBy, startedMs } = progress;
  const { requeued, failovers, preempted, lostRunMs, lives = 0, recoveredAfter } = progress;
  Object.assign(task, { poolId, replicaId, engineVersion, modelDigest, answeredBy, startedMs });
  Object.assign(task, { requeued, failovers, preempted, lostRunMs, lives, recoveredAfter });
  // Its first daemon does not count itself.
  if (startedMs !== undefined) task.lives = Math.max(1, lives);
}

/** The same moment on the monotonic clock. A wall clock that was set back makes nothing happen in the future. */
function monotonic(epochMs: number, clock: Clock): number {
  return clock.now() - Math.max(0, clock.epochMs() - epochMs);
}
