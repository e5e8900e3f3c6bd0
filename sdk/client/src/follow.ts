import { ApiError, UnreachableError } from './api-error.js';
import { type Http } from './http.js';
import { isTerminal, readFrames } from './sse.js';
import { type StreamFrame, type StreamSnapshot } from './types.js';

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
 * caller sees each logged frame exactly once, in order. Where a restart of the server took the last frames, the text goes on
 * where the caller has it; ids and indexes may then come a second time.
 *
 * @throws ApiError when the API refuses; with `STREAM_GONE` its `problem.snapshot` holds the text so far
 * @throws UnreachableError when the server stays away
 */
export async function* follow(http: Http, taskId: string, options: StreamOptions = {}): AsyncGenerator<StreamFrame> {
  const maxReconnects = options.maxReconnects ?? MAX_RECONNECTS;
  let after = options.after ?? 0;
  const told = new ToldText(after === 0);
  const epoch: Epoch = { of: options.epoch };
  for (let drops = 0; ;) {
    let dropped: ApiError | UnreachableError | undefined;
    try {
      for await (const frame of connect(http, taskId, after, epoch, options)) {
        drops = 0;
        told.hasNews = true;
        if (frame.event !== 'queued' && frame.id <= after) continue;
        after = Math.max(after, frame.id);
        const news = told.take(frame);
        if (news !== undefined) yield news;
        if (isTerminal(frame)) return;
      }
    } catch (error) {
      options.signal?.throwIfAborted();
      const snapshot = told.snapshotOf(error);
      if (snapshot !== undefined) {
        const missed = told.catchUp(snapshot);
        if (missed !== undefined) yield missed;
        epoch.of = snapshot.epoch;
        // The terminal frame comes as it stands in the log.
        after = snapshot.next_seq - (isEnded(snapshot) ? 2 : 1);
        continue;
      }
      if (!isDrop(error)) throw error;
      dropped = error;
    }
    if (++drops > maxReconnects) throw dropped ?? brokenOff(taskId);
    options.onReconnect?.(after);
    await http.wait(pauseMs(drops, dropped), options.signal);
  }
}

/** Which writing of the log the newest cursor belongs to. */
interface Epoch {
  of: number | undefined;
}

async function* connect(
  http: Http,
  taskId: string,
  after: number,
  epoch: Epoch,
  options: StreamOptions,
): AsyncGenerator<StreamFrame> {
  const response = await http.send({
    path: `/v1/tasks/${encodeURIComponent(taskId)}/stream`,
    query: { events: options.queued ? 'queued' : undefined, epoch: epoch.of },
    headers: { accept: 'text/event-stream', 'last-event-id': after > 0 ? String(after) : undefined },
    signal: options.signal,
  });
  const told = response.headers.get('x-stream-epoch');
  epoch.of = told === null ? undefined : Number(told);
  if (response.body !== null) yield* readFrames(readBytes(response.body, taskId));
}

function isEnded({ state }: StreamSnapshot): boolean {
  return !['queued', 'dispatched', 'streaming', 'preempted'].includes(state);
}

/** What of an answer the caller has been told. */
class ToldText {
  private text = '';
  private index = -1;
  /** What the caller has and the server lost; it comes again. */
  private again = '';
  private hasReasoning = false;
  /** Something came since the last snapshot; without it the next one says the same. */
  hasNews = true;

  constructor(private readonly isWhole: boolean) {}

  /** The frame as far as it is new to the caller. */
  take(frame: StreamFrame): StreamFrame | undefined {
    if (frame.event !== 'token') return frame;
    this.hasReasoning ||= frame.data.reasoning === true;
    if (frame.data.reasoning === true) return frame;
    const known = Math.min(this.again.length, frame.data.t.length);
    const t = frame.data.t.slice(known);
    this.again = this.again.slice(known);
    if (known > 0 && t === '') return undefined;
    this.text += t;
    this.index = frame.data.i;
    return known === 0 ? frame : { ...frame, data: { ...frame.data, t } };
  }

  /** The snapshot of a refusal that the caller need not see, because its text fits to what was told. */
  snapshotOf(error: unknown): StreamSnapshot | undefined {
    const snapshot = error instanceof ApiError ? error.problem.snapshot : undefined;
    if (snapshot === undefined || !this.isWhole || this.hasReasoning || !this.hasNews) return undefined;
    return snapshot.text.startsWith(this.text) || this.text.startsWith(snapshot.text) ? snapshot : undefined;
  }

  /** What the snapshot has and the caller has not, as one frame. */
  catchUp({ text, next_seq }: StreamSnapshot): StreamFrame | undefined {
    this.hasNews = false;
    this.again = this.text.slice(text.length);
    const t = text.slice(this.text.length);
    if (t === '') return undefined;
    this.text = text;
    return { event: 'token', id: next_seq - 1, data: { t, i: ++this.index } };
  }
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
