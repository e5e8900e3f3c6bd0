import {
  type EngineConnection,
  EngineError,
  type EngineEvent,
  type EngineDescription,
  type TokenEvent,
  isEngineError,
} from '@llama-orch/plugin-sdk';
import { type Clock } from '../kernel/clock.js';
import { embedOrRerank } from './embed-run.js';
import { engineRequest } from './engine-request.js';
import { type Answer, tokenFrameText } from './frames.js';
import { type Task } from './task.js';

/** How the engine's part of a task ended. After a `stop` nothing of it matters but that the slot is free. */
export type RunOutcome =
  | { readonly type: 'completed'; readonly answer: Answer }
  | { readonly type: 'failed'; readonly error: EngineError }
  | { readonly type: 'stopped' };

/** What a run tells while it goes on. */
export interface RunListener {
  onFirstToken(): void;
  /** The first token that its reader does not have yet, of a task that was cut off before. */
  onResumed(): void;
  /** Tokens stand in the log and more may come. */
  onDelivered(): void;
  /** Tokens came since the last call; `at` is the monotonic ms of the newest. Called now and then, not per token. */
  onProgress(at: number): void;
}

/** Reason of every stop; made once, because an abort without a reason makes an error with a stack each time. */
const STOPPED = new Error('the task has ended');

/** One task on one slot: drains the engine's batches into the task log. */
export class Run {
  private readonly controller = new AbortController();
  private index = 0;
  /** Tokens that its reader has from an earlier run. */
  private readonly known: number;
  /** Monotonic ms of the last sign of decoding: the start, then each token. */
  lastSignAt: number;
  readonly startedAt: number;

  constructor(
    readonly task: Task,
    private readonly clock: Clock,
    private readonly listener: RunListener,
  ) {
    this.startedAt = this.lastSignAt = clock.now();
    this.known = task.delivered?.length ?? 0;
  }

  /** True once the engine has answered this run. */
  get hasDecoded(): boolean {
    return this.index > 0;
  }

  get stopped(): boolean {
    return this.controller.signal.aborted;
  }

  reportProgress(): void {
    this.listener.onProgress(this.lastSignAt);
  }

  /** Aborts the engine in this turn; nothing is appended afterwards. */
  stop(): void {
    this.controller.abort(STOPPED);
  }

  /** Settles when the slot is free again; never rejects. */
  async execute(engine: EngineConnection, description: EngineDescription): Promise<RunOutcome> {
    try {
      const outcome = await this.work(engine, description);
      if (this.stopped) return { type: 'stopped' };
      return outcome ?? { type: 'failed', error: withoutEnd() };
    } catch (error) {
      return this.stopped ? { type: 'stopped' } : { type: 'failed', error: asEngineError(error) };
    }
  }

  private async work(engine: EngineConnection, description: EngineDescription): Promise<RunOutcome | undefined> {
    const { signal } = this.controller;
    if (this.task.request.workload === 'completion') {
      return this.drain(engine.generate(engineRequest(this.task, description), signal));
    }
    const { output, promptTokens } = await embedOrRerank(this.task, engine, signal);
    const usage = { promptTokens, completionTokens: 0, exact: true };
    return { type: 'completed', answer: { finish: 'stop', usage, output } };
  }

  private async drain(batches: AsyncIterable<readonly EngineEvent[]>): Promise<RunOutcome | undefined> {
    let outcome: RunOutcome | undefined;
    for await (const batch of batches) {
      if (this.stopped || outcome !== undefined) continue;
      outcome = this.take(batch);
    }
    return outcome;
  }

  private take(batch: readonly EngineEvent[]): RunOutcome | undefined {
    const { log } = this.task;
    let text = '';
    let frames = 0;
    let outcome: RunOutcome | undefined;
    for (const event of batch) {
      if (this.index < this.known) {
        this.repeat(event);
        continue;
      }
      if (event.type === 'end') {
        outcome = { type: 'completed', answer: { finish: event.finish, usage: event.usage } };
        break;
      }
      text += tokenFrameText(log.upcomingSeq + frames++, this.index++, event);
      this.task.tokensOut += event.tokens ?? 1;
      this.task.delivered?.push(mark(event));
    }
    if (frames > 0) this.deliver(text, frames);
    if (frames > 0 && outcome === undefined) this.listener.onDelivered();
    return outcome;
  }

  /** Passes over what the reader has; an engine that says something else now must not be spliced in. */
  private repeat(event: EngineEvent): void {
    this.lastSignAt = this.clock.now();
    if (event.type !== 'end' && mark(event) === this.task.delivered![this.index++]) return;
    throw new EngineError('internal', 'the engine did not repeat its answer after a suspension; send the task again', {
      reason: 'not_repeated',
    });
  }

  private deliver(text: string, frames: number): void {
    this.lastSignAt = this.clock.now();
    if (this.task.state === 'preempted') this.listener.onResumed();
    if (this.task.firstTokenAt === undefined) {
      this.task.firstTokenAt = this.lastSignAt;
      this.listener.onFirstToken();
    }
    this.task.log.append(text, frames);
  }
}

/** What has to be equal for two tokens to be the same to a reader. */
function mark(token: TokenEvent): string {
  return token.reasoning === true ? `\u0000${token.text}` : token.text;
}

function withoutEnd(): EngineError {
  return new EngineError('reset', 'the engine ended its stream without saying that the answer is complete', {
    reason: 'stream_truncated',
  });
}

function asEngineError(error: unknown): EngineError {
  if (isEngineError(error)) return error;
  return new EngineError('internal', 'the engine adapter failed', { reason: 'adapter_threw', cause: error });
}
