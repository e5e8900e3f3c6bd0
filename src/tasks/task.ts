import type { EnginePrompt, PriorityClass, Sampling, Workload } from '@llama-orch/plugin-sdk';
import { type AppError } from '../kernel/errors.js';
import { type PoolId, type ReplicaId, type TaskId, type TaskKey, taskKey } from '../kernel/ids.js';
import { type Session } from '../sessions/session.js';
import { type Answer, type FinishReason } from './frames.js';
import { type TaskLog } from './task-log.js';
import { type TaskState, canMove, isTerminal } from './task-state.js';

/** What the calling program says of itself; kept for logs, never trusted. */
export interface Provenance {
  readonly userAgent?: string;
  readonly clientName?: string;
}

/** What the caller asked for, parsed and complete: every default is filled in. Times in ms of the monotonic clock. */
export interface TaskRequest {
  readonly id: TaskId;
  readonly tenantId: string;
  /** Id of the key that submitted it; null without keys. */
  readonly clientId: string | null;
  /** Task id or idempotency key that the caller chose: the same at each of its retries. */
  readonly callName: string | undefined;
  readonly correlationId: string;
  readonly provenance: Provenance;
  readonly sessionId: string | null;
  readonly workload: Workload;
  readonly modelRef: string;
  readonly priority: PriorityClass;
  readonly seed: bigint;
  /** What the caller named; undefined leaves the choice to the pools. */
  readonly determinism: 'strict' | 'best_effort' | undefined;
  readonly samplerProfileVersion: string;
  readonly prompt: EnginePrompt | undefined;
  readonly inputs: readonly string[];
  readonly sampling: Sampling;
  readonly jsonSchema: unknown;
  readonly ctx: number;
  readonly maxTokens: number;
  readonly deadlineMs: number | undefined;
  readonly expectedTokens: number | undefined;
  readonly kvHint: 'reuse' | 'cold' | undefined;
  /** Labels that its pool has to carry. */
  readonly poolLabels?: Readonly<Record<string, string>> | undefined;
  readonly onDisconnect: 'detach' | 'cancel';
  readonly receivedAt: number;
  readonly createdMs: number;
}

/** Length of a prompt in tokens, and whether the engine counted it. */
export interface PromptSize {
  readonly tokens: number;
  readonly counted: boolean;
}

/** What admission promised; the 202, the admission log and `started` show the same numbers. */
export interface Promise202 {
  readonly queuePosition: number;
  readonly predictedStartMs: number;
  readonly predictedStartP90Ms: number;
  readonly backoffMs: number;
}

/** One unit of inference from its admission to the end of its retention. */
export class Task {
  readonly key: TaskKey;
  private currentState: TaskState = 'queued';

  /** Set before it is submitted; undefined outside sessions. */
  session: Session | undefined;
  /** It wanted the replica of its session's last task and did not get it, or lost it on the way. */
  failedOver = false;
  promise: Promise202 = { queuePosition: 0, predictedStartMs: 0, predictedStartP90Ms: 0, backoffMs: 0 };
  /** Short name of the model that serves it; a model ref can hold a path of the host. */
  modelId: string | undefined;
  replicaId: ReplicaId | undefined;
  engineVersion: string | undefined;
  modelDigest: string | undefined;
  /** Times on the monotonic clock; undefined until it happened. */
  dispatchedAt: number | undefined;
  firstTokenAt: number | undefined;
  endedAt: number | undefined;
  startedMs: number | undefined;
  endedMs: number | undefined;
  tokensIn = 0;
  tokensOut = 0;
  /** Set when the engine finished by itself. */
  answer: Answer | undefined;
  finishReason: FinishReason | undefined;
  error: AppError | undefined;
  requeued = false;
  /** How often its engine was lost after its first token, and the answer was to go on elsewhere. */
  failovers = 0;
  /** Its engine was lost, and nothing new has come since. */
  lost = false;
  /** It was cut off for more urgent work, and nothing new has come since. */
  suspended = false;
  /** It was cut off for more urgent work at least once. */
  preempted = false;
  /** Frames of tokens in its log. */
  tokenFrames = 0;
  /** {@link engineIdentity} of what brought its first token. */
  answeredBy: string | undefined;
  /** Time that runs took whose engines were lost; part of the longest run that it may have. */
  lostRunMs = 0;
  /** Daemons of before, and this one from then on, in whose time an engine had it. */
  lives = 0;
  /** Sequence numbers up to which its log survived crashes of the daemon. */
  recoveredAfter: readonly number[] = [];
  /** Id of the artifact that holds its frames, once it is kept. */
  transcript: string | undefined;
  private cutOffAt: number | undefined;
  private cutOffMs = 0;

  constructor(
    readonly request: TaskRequest,
    /** Another one of the same replica set, once the task was moved there while it waited. */
    public poolId: PoolId,
    readonly engine: string,
    readonly promptSize: PromptSize,
    readonly log: TaskLog,
  ) {
    this.key = taskKey(request.tenantId, request.id);
  }

  /** Prompt length for predictions: counted or estimated. */
  get promptTokens(): number {
    return this.promptSize.tokens;
  }

  /** Which start it is, from 1 on: engines that were lost before its first token and after it make new ones. */
  get attempt(): number {
    return 1 + (this.requeued ? 1 : 0) + this.failovers;
  }

  get state(): TaskState {
    return this.currentState;
  }

  get ended(): boolean {
    return isTerminal(this.currentState);
  }

  /** @throws when the table of states has no such step */
  moveTo(state: TaskState): void {
    if (!canMove(this.currentState, state)) throw new Error(`a task cannot go from ${this.currentState} to ${state}`);
    this.currentState = state;
  }

  /** The state of a task that an earlier daemon ended. */
  restoreEnded(state: TaskState): void {
    this.currentState = state;
  }

  /** It was being answered when an earlier daemon ended, `decodeMs` of it until then, and waits to go on at `now`. */
  restoreBegun(now: number, decodeMs: number): void {
    this.currentState = 'streaming';
    this.firstTokenAt = now - decodeMs;
    this.lost = true;
    this.cutOffAt = now;
  }

  /** Deadline on the monotonic clock. */
  get deadlineAt(): number | undefined {
    const { deadlineMs, receivedAt } = this.request;
    return deadlineMs === undefined ? undefined : receivedAt + deadlineMs;
  }

  /** Cut off between two tokens at `now` for more urgent work. */
  suspend(now: number): void {
    this.preempted = this.suspended = true;
    this.moveTo('preempted');
    this.cutOffAt ??= now;
  }

  /** Its engine was lost at `now`, and its answer goes on elsewhere. */
  failOver(now: number): void {
    this.failovers++;
    this.lost = true;
    this.cutOffAt ??= now;
  }

  /** The first new token since it was cut off came at `now`. */
  resume(now: number): void {
    if (this.state === 'preempted') this.moveTo('streaming');
    this.suspended = this.lost = false;
    this.cutOffMs += now - this.cutOffAt!;
    this.cutOffAt = undefined;
  }

  /** It was cut off between two tokens, and nothing new has come since. */
  get isCutOff(): boolean {
    return this.cutOffAt !== undefined;
  }

  /** Its runs were not of one piece, so its times say nothing of an engine's speed. */
  get interrupted(): boolean {
    return this.preempted || this.failovers > 0;
  }

  /** First token to end (or to `now`) without the time in which it was cut off, whole milliseconds. */
  decodeMs(now: number): number {
    if (this.firstTokenAt === undefined) return 0;
    const until = this.cutOffAt ?? this.endedAt ?? now;
    return Math.max(0, Math.round(until - this.firstTokenAt - this.cutOffMs));
  }
}
