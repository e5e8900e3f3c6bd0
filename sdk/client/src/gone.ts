import { ApiError } from './api-error.js';
import { type Http } from './http.js';
import { type StreamFrame, type StreamSnapshot, type Task } from './types.js';

/** A place in a stream: the frame behind which to go on. */
export interface StreamPlace {
  readonly after: number;
  /** Which writing of the log it belongs to; undefined while there is one only. */
  readonly epoch: number | undefined;
}

const RUNNING: readonly Task['state'][] = ['queued', 'dispatched', 'streaming', 'preempted'];

/** Where `stream` goes on once the text of a snapshot is known. Of a task that has ended, its terminal frame is left. */
export function placeAfter({ state, next_seq, epoch }: StreamSnapshot): StreamPlace {
  return { after: Math.max(0, next_seq - (RUNNING.includes(state) ? 1 : 2)), epoch };
}

/** What `STREAM_GONE` says of the task. */
export function snapshotIn(error: unknown): StreamSnapshot | undefined {
  return error instanceof ApiError ? error.problem.snapshot : undefined;
}

/** True for a reader that misses nothing but the terminal frame, which is gone. */
export function missesEndOnly({ after, epoch }: StreamPlace, snapshot: StreamSnapshot): boolean {
  const place = placeAfter(snapshot);
  return !RUNNING.includes(snapshot.state) && after === place.after && epoch === place.epoch;
}

/**
 * The terminal frame of a stream that is gone, as the task tells it.
 * @throws ApiError the refusal, when the frame held a result that the task does not tell
 */
export async function* lastFrame(
  http: Http,
  taskId: string,
  refusal: ApiError,
  signal: AbortSignal | undefined,
): AsyncGenerator<StreamFrame> {
  const task = await http.json<Task>({ path: `/v1/tasks/${encodeURIComponent(taskId)}`, signal });
  const { error, tokens_out, decode_ms, finish_reason, workload } = task;
  if (error === null && workload !== 'completion' && finish_reason !== 'cancelled') throw refusal;
  const id = placeAfter(refusal.problem.snapshot!).after + 1;
  if (error !== null) yield { id, event: 'error', data: error };
  else yield { id, event: 'end', data: { tokens_out, decode_ms, ...(finish_reason !== null && { finish_reason }) } };
}
