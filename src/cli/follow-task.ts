import {
  ApiError,
  TaskFailedError,
  placeAfter,
  type Client,
  type EndFrame,
  type ErrorFrame,
  type QueuedFrame,
  type StartedFrame,
  type StreamFrame,
  type StreamSnapshot,
} from '@llama-orch/client';
import { budgetFacts } from './budgets.js';
import { type Shell } from './shell.js';
import { StatusLine } from './status-line.js';
import { counted, duration, printable } from './text.js';

export interface FollowOptions {
  readonly after?: number;
  /** With `after`: the epoch of the snapshot that it comes from. */
  readonly epoch?: number | undefined;
  readonly signal: AbortSignal;
}

/** How a followed task ended. */
export interface Followed {
  readonly text: string;
  readonly started?: StartedFrame;
  readonly end: EndFrame;
}

/**
 * Shows a task as it runs: its text on stdout, everything else on stderr.
 * @throws TaskFailedError when the task ends with an `error` frame
 */
export async function followTask(
  shell: Shell,
  client: Client,
  taskId: string,
  options: FollowOptions,
): Promise<Followed> {
  const view = new TaskView(shell);
  try {
    return await followInto(view, client, taskId, options);
  } catch (error) {
    const snapshot = error instanceof ApiError ? error.problem.snapshot : undefined;
    if (snapshot === undefined) throw error;
    view.catchUp(snapshot);
    return await followInto(view, client, taskId, { ...options, ...placeAfter(snapshot) });
  } finally {
    view.close();
  }
}

async function followInto(view: TaskView, client: Client, taskId: string, options: FollowOptions): Promise<Followed> {
  const onReconnect = (): void => view.reconnecting();
  for await (const frame of client.stream(taskId, { ...options, queued: true, onReconnect })) {
    const followed = view.take(frame);
    if (followed !== undefined) return followed;
  }
  throw new Error(`the stream of task ${taskId} has no terminal frame`);
}

/** What the terminal shows of one task. */
class TaskView {
  private readonly status: StatusLine;
  private text = '';
  private started: StartedFrame | undefined;
  /** What the session may still spend, as the newest frame tells it. */
  private budget: string | undefined;

  constructor(private readonly shell: Shell) {
    this.status = new StatusLine(shell.io.stderr);
  }

  /** Shows one frame; answers the result with the last one. */
  take(frame: StreamFrame): Followed | undefined {
    this.status.clear();
    if (frame.event === 'queued') this.status.show(waitingText(frame.data));
    if (frame.event === 'started') this.started = frame.data;
    if (frame.event === 'metrics') this.budget = budgetFacts(frame.data) ?? this.budget;
    if (frame.event === 'token' && frame.data.reasoning) this.reason(frame.data.t);
    else if (frame.event === 'token') this.print(frame.data.t);
    if (frame.event === 'error') throw this.failed(frame.data);
    return frame.event === 'end' ? this.finished(frame.data) : undefined;
  }

  /** Takes over the text of a stream whose first frames are gone. */
  catchUp(snapshot: StreamSnapshot): void {
    this.shell.say('the first frames of this task are gone; this is its text so far');
    this.text = '';
    this.print(snapshot.text);
    if (snapshot.error !== null) throw this.failed(snapshot.error);
  }

  reconnecting(): void {
    this.status.clear();
    this.shell.say('connection lost, following again from the last frame');
  }

  close(): void {
    this.status.clear();
  }

  private print(text: string): void {
    this.text += text;
    if (!this.shell.flags.json) this.shell.output(text);
  }

  private reason(text: string): void {
    if (this.shell.io.stderr.isTty) this.shell.io.stderr.write(this.shell.styled(printable(text), 'dim'));
  }

  private failed(failure: ErrorFrame): TaskFailedError {
    this.endLine();
    return new TaskFailedError(failure);
  }

  private finished(end: EndFrame): Followed {
    if (end.output !== undefined) this.print(JSON.stringify(end.output));
    this.endLine();
    const left = this.budget === undefined ? '' : `; left in the session: ${this.budget}`;
    this.shell.say(closingText(end, this.started) + left, 'dim');
    return { text: this.text, end, ...(this.started === undefined ? {} : { started: this.started }) };
  }

  private endLine(): void {
    if (this.text !== '' && !this.text.endsWith('\n') && !this.shell.flags.json) this.shell.output('\n');
  }
}

function waitingText(queued: QueuedFrame): string {
  return `waiting: ${counted(queued.position, 'task')} ahead, starts in ${range(queued.predicted_start_ms, queued.p90)}`;
}

/** A predicted time from its median to its 90th percentile. */
export function range(p50: number, p90: number): string {
  return p90 > p50 ? `${duration(p50)} to ${duration(p90)}` : duration(p50);
}

function closingText({ tokens_out, decode_ms, finish_reason }: EndFrame, started: StartedFrame | undefined): string {
  const rate = decode_ms > 0 ? `, ${((tokens_out * 1000) / decode_ms).toFixed(1)} tokens/s` : '';
  const seed = started?.seed === undefined ? '' : `, seed ${started.seed}`;
  const pool = started?.pool_id === undefined ? '' : `, pool ${started.pool_id}`;
  return `${counted(tokens_out, 'token')} in ${duration(decode_ms)}${rate}, ${finish_reason ?? 'ended'}${pool}${seed}`;
}
