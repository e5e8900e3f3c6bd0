import {
  type EndEvent,
  type EngineConnection,
  EngineError,
  type EngineEvent,
  type EngineDescription,
  isEngineError,
} from '@llama-orch/plugin-sdk';
import { type Clock } from '../kernel/clock.js';
import { embedOrRerank } from './embed-run.js';
import { engineRequest } from './engine-request.js';
import { type Answer, tokenFrameText } from './frames.js';
import { Prefix } from './prefix.js';
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
  /** It does not bring what its reader has; nothing more of it is delivered. */
  onDiverged(): void;
  /** Tokens stand in the log and more may come. */
  onDelivered(): void;
  /** Tokens came since the last call; `at` is the monotonic ms of the newest. Called now and then, not per token. */
  onProgress(at: number): void;
}

/** Reason of every stop; made once, because an abort without a reason makes an error with a stack each time. */
const STOPPED = new Error('the task has ended');

/**
 * One task on one slot: drains the engine's batches into the task log. What the reader has from an earlier run is
 * compared and passed over.
 */
export class Run {
  private readonly controller = new AbortController();
  /** Tokens that the engine brought, known ones too. */
  private tokens = 0;
  /** What its reader has from an earlier run. */
  private readonly known: Prefix | undefined;
  private readonly framesBefore: number;
  /** Monotonic ms of the last sign of decoding: the start, then each token. */
  lastSignAt: number;
  readonly startedAt: number;

  constructor(
    readonly task: Task,
    private readonly clock: Clock,
    private readonly listener: RunListener,
  ) {
    this.startedAt = this.lastSignAt = clock.now();
    this.framesBefore = task.tokenFrames;
    if (task.firstTokenAt !== undefined) this.known = new Prefix(task.log.pieces());
  }

  /** True once the engine has answered this run. */
  get hasDecoded(): boolean {
    return this.tokens > 0;
  }

  /** It came as far as the run before it, and no further: whatever ended that one may wait there. */
  get stoodStill(): boolean {
    return this.known?.isWhole === true && this.task.tokenFrames === this.framesBefore;
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
    this.lastSignAt = this.clock.now();
    let text = '';
    let frames = 0;
    let outcome: RunOutcome | undefined;
    for (const event of batch) {
      if (event.type === 'end') {
        outcome = this.ending(event);
        break;
      }
      this.tokens += event.tokens ?? 1;
      const token = this.known === undefined ? event : this.known.take(event);
      if (token === 'known') continue;
      if (token === 'other') {
        this.listener.onDiverged();
        return undefined;
      }
      text += tokenFrameText(log.upcomingSeq + frames++, this.task.tokenFrames++, token);
      this.task.tokensOut = Math.max(this.task.tokensOut, this.tokens);
    }
    if (frames > 0) this.deliver(text, frames);
    if (frames > 0 && outcome === undefined) this.listener.onDelivered();
    return outcome;
  }

  /** An answer that ends before its reader has read it to there is another answer. */
  private ending({ finish, usage }: EndEvent): RunOutcome | undefined {
    if (this.known?.isWhole !== false) return { type: 'completed', answer: { finish, usage } };
    this.listener.onDiverged();
    return undefined;
  }

  private deliver(text: string, frames: number): void {
    if (this.task.isCutOff) this.listener.onResumed();
    if (this.task.firstTokenAt === undefined) {
      this.task.firstTokenAt = this.lastSignAt;
      this.listener.onFirstToken();
    }
    this.task.log.append(text, frames);
  }
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
