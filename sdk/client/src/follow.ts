import { ApiError, UnreachableError } from './api-error.js';
import { type Http } from './http.js';
import { isTerminal, readFrames } from './sse.js';
import { type StreamFrame } from './types.js';

/** How to follow a task. */
export interface StreamOptions {
  /** Start with the frame after this id; 0, the default, is the whole log. */
  readonly after?: number;
  /** Ask for `queued` frames while the task waits. */
  readonly queued?: boolean;
  readonly signal?: AbortSignal;
  /** Failed connections in a row before giving up; 10 if absent. A received frame starts the count again. */
  readonly maxReconnects?: number;
  /** Called when the connection dropped and will be opened again. */
  readonly onReconnect?: (after: number) => void;
}

const MAX_RECONNECTS = 10;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

/**
 * Follows a task to its terminal frame. A dropped connection is opened again after the last frame that arrived, so the
 * caller sees each logged frame exactly once, in order.
 *
 * @throws ApiError when the API refuses; with `STREAM_GONE` its `problem.snapshot` holds the text so far
 * @throws UnreachableError when the server stays away
 */
export async function* follow(http: Http, taskId: string, options: StreamOptions = {}): AsyncGenerator<StreamFrame> {
  const maxReconnects = options.maxReconnects ?? MAX_RECONNECTS;
  let after = options.after ?? 0;
  for (let drops = 0; ;) {
    let dropped: ApiError | UnreachableError | undefined;
    try {
      for await (const frame of connect(http, taskId, after, options)) {
        drops = 0;
        if (frame.event !== 'queued' && frame.id <= after) continue;
        after = Math.max(after, frame.id);
        yield frame;
        if (isTerminal(frame)) return;
      }
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isDrop(error)) throw error;
      dropped = error;
    }
    if (++drops > maxReconnects) throw dropped ?? brokenOff(taskId);
    options.onReconnect?.(after);
    await http.wait(pauseMs(drops, dropped), options.signal);
  }
}

async function* connect(
  http: Http,
  taskId: string,
  after: number,
  options: StreamOptions,
): AsyncGenerator<StreamFrame> {
  const response = await http.send({
    path: `/v1/tasks/${encodeURIComponent(taskId)}/stream`,
    query: { events: options.queued ? 'queued' : undefined },
    headers: { accept: 'text/event-stream', 'last-event-id': after > 0 ? String(after) : undefined },
    signal: options.signal,
  });
  if (response.body !== null) yield* readFrames(readBytes(response.body, taskId));
}

/** Gives a connection that breaks while it is read the error of one that could not be made. */
async function* readBytes(body: ReadableStream<Uint8Array>, taskId: string): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    throw brokenOff(taskId, cause);
  }
}

/** True when asking again can help: the connection broke, or the server or something before it is away for a while. */
function isDrop(error: unknown): error is ApiError | UnreachableError {
  if (error instanceof ApiError) return error.retriable || error.status > 500;
  return error instanceof UnreachableError && (error.status === undefined || error.status >= 500);
}

function pauseMs(drops: number, dropped: Error | undefined): number {
  if (dropped instanceof ApiError && dropped.retryAfterMs !== undefined) return dropped.retryAfterMs;
  return Math.min(FIRST_PAUSE_MS * 2 ** (drops - 1), LONGEST_PAUSE_MS);
}

function brokenOff(taskId: string, cause?: unknown): UnreachableError {
  return new UnreachableError(`the stream of task ${taskId} broke off; the task itself goes on`, { cause });
}
