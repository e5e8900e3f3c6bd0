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
  /** It was cut off for more urgent work at least once. */
  preempted = false;
  /** What its reader has, token by token; kept only where a run may have to be repeated to the same token. */
  delivered: string[] | undefined;
  private suspendedAt: number | undefined;
  private suspendedMs = 0;

  constructor(
    readonly request: TaskRequest,
    readonly poolId: PoolId,
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

  /** Deadline on the monotonic clock. */
  get deadlineAt(): number | undefined {
    const { deadlineMs, receivedAt } = this.request;
    return deadlineMs === undefined ? undefined : receivedAt + deadlineMs;
  }

  /** Cut off between two tokens at `now`. */
  suspend(now: number): void {
    this.moveTo('preempted');
    this.preempted = true;
    this.suspendedAt = now;
  }

  /** Its first new token after a suspension came at `now`. */
  resume(now: number): void {
    this.moveTo('streaming');
    this.suspendedMs += now - this.suspendedAt!;
    this.suspendedAt = undefined;
  }

  /** First token to end (or to `now`) without suspensions, whole milliseconds. */
  decodeMs(now: number): number {
    if (this.firstTokenAt === undefined) return 0;
    const until = this.suspendedAt ?? this.endedAt ?? now;
    return Math.max(0, Math.round(until - this.firstTokenAt - this.suspendedMs));
  }
}
