import { ApiError, UnreachableError } from './api-error.js';
import { lastFrame, missesEndOnly, placeAfter, snapshotIn, type StreamPlace } from './gone.js';
import { type Http } from './http.js';
import { isTerminal, readFrames } from './sse.js';
import { ToldText } from './told-text.js';
import { type StreamFrame } from './types.js';

/** How to follow a task. */
export interface StreamOptions {
  /** Start with the frame after this id; 0, the default, is the whole log. */
  readonly after?: number;
  /** With `after`: the `epoch` of the snapshot that it comes from, if it has one. */
  readonly epoch?: number | undefined;
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
 * caller sees each logged frame exactly once, in order. Where frames are gone, the text goes on where the caller has it, ids
 * and indexes may then come a second time, and the terminal frame is told all the same.
 *
 * @throws ApiError when the API refuses; with `STREAM_GONE` its `problem.snapshot` holds the text so far
 * @throws AnswerChangedError when the server restarted and what it says now does not go on from what was told
 * @throws UnreachableError when the server stays away
 */
export async function* follow(http: Http, taskId: string, options: StreamOptions = {}): AsyncGenerator<StreamFrame> {
  const maxReconnects = options.maxReconnects ?? MAX_RECONNECTS;
  const cursor: Cursor = { after: options.after ?? 0, epoch: options.epoch, refusal: undefined };
  const told = new ToldText(taskId, cursor.after === 0);
  for (let drops = 0; ;) {
    let dropped: ApiError | UnreachableError | undefined;
    try {
      for await (const frame of framesBehind(cursor, http, taskId, options)) {
        drops = 0;
        if (frame.event !== 'queued' && frame.id <= cursor.after) continue;
        cursor.after = Math.max(cursor.after, frame.id);
        const news = told.take(frame);
        if (news !== undefined) yield news;
        if (isTerminal(frame)) return;
      }
    } catch (error) {
      options.signal?.throwIfAborted();
      dropped = passing(error, cursor, told);
    }
    if (++drops > maxReconnects) throw dropped ?? brokenOff(taskId);
    const snapshot = snapshotIn(dropped);
    if (snapshot === undefined) options.onReconnect?.(cursor.after);
    else if (cursor.refusal === undefined) {
      Object.assign(cursor, placeAfter(snapshot));
      const missed = told.catchUp(snapshot, cursor.after);
      if (missed !== undefined) yield missed;
    }
    await http.wait(pauseMs(drops, dropped), options.signal);
  }
}

/** How far the caller is. */
interface Cursor extends StreamPlace {
  after: number;
  epoch: number | undefined;
  /** Set once only the terminal frame is missing, and it is gone. */
  refusal: ApiError | undefined;
}

/** The failure as one that another connection can mend. @throws whatever it cannot */
function passing(error: unknown, cursor: Cursor, told: ToldText): ApiError | UnreachableError {
  const snapshot = cursor.refusal === undefined ? snapshotIn(error) : undefined;
  if (snapshot !== undefined && missesEndOnly(cursor, snapshot)) return (cursor.refusal = error as ApiError);
  if (snapshot !== undefined && told.fits(snapshot)) return error as ApiError;
  if (isDrop(error)) return error;
  throw error;
}

function framesBehind(cursor: Cursor, http: Http, taskId: string, options: StreamOptions): AsyncIterable<StreamFrame> {
  const { refusal } = cursor;
  return refusal === undefined
    ? connect(cursor, http, taskId, options)
    : lastFrame(http, taskId, refusal, options.signal);
}

async function* connect(
  cursor: Cursor,
  http: Http,
  taskId: string,
  options: StreamOptions,
): AsyncGenerator<StreamFrame> {
  const { after, epoch } = cursor;
  const response = await http.send({
    path: `/v1/tasks/${encodeURIComponent(taskId)}/stream`,
    query: { events: options.queued ? 'queued' : undefined, epoch },
    headers: { accept: 'text/event-stream', 'last-event-id': after > 0 ? String(after) : undefined },
    signal: options.signal,
  });
  const told = response.headers.get('x-stream-epoch');
  cursor.epoch = told === null ? undefined : Number(told);
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
