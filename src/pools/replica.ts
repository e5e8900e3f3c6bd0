import {
  type EngineConnection,
  type EngineDescription,
  type EngineEndpoint,
  type EngineGauges,
} from '@llama-orch/plugin-sdk';
import { type ReplicaId } from '../kernel/ids.js';
import { type BreakerState } from './breaker.js';
import { type FailureReason } from './failure.js';
import { type ReplicaState, canMove } from './replica-state.js';
import { type SelfTestName, type SelfTestResult } from './self-tests.js';
import { type Decode } from './silence.js';

/** Why a replica or pool last failed. */
export interface LastError {
  readonly code: string;
  readonly message: string;
  readonly at_ms: number;
  /** Absent where no engine failed. */
  readonly reason?: FailureReason;
  /** The self-test that failed. */
  readonly self_test?: SelfTestName;
}

/** What was last seen of a GPU under a replica, named as on the wire. */
export interface GpuReading {
  readonly device: number;
  readonly utilization?: number;
  readonly vram_used_bytes: number;
  readonly vram_total_bytes: number;
}

/** What a start is taken to need before one was measured. */
const USUAL_START_MS = 1_000;
/** A start that takes longer than expected is asked about again after this time. */
const OVERDUE_MS = 500;

/** One running engine with one model. */
export class Replica {
  private currentState: ReplicaState = 'starting';
  /** Counts the starts; leases of an earlier one are void. */
  epoch = 0;
  connection: EngineConnection | undefined;
  description: EngineDescription | undefined;
  restartCount = 0;
  lastError: LastError | undefined;
  /** Epoch ms of the last sign of life. */
  lastHeartbeatMs: number | undefined;
  /** Monotonic ms of the last answer to a probe. */
  lastBeatAt = Number.NEGATIVE_INFINITY;
  /** Monotonic ms of the last token that a run on it brought. */
  lastTokenAt = Number.NEGATIVE_INFINITY;
  /** What its engine told of itself when it was last asked; undefined before, and where it tells nothing. */
  gauges: EngineGauges | undefined;
  /** What it decodes for tasks. */
  readonly decodes = new Set<Decode>();
  /** Decodes in a row that were ended because nothing came. */
  cutOff = 0;
  breaker: BreakerState = 'closed';
  /** Of the current start, or of the last one. */
  selfTests: readonly SelfTestResult[] = [];
  /** Devices of the current start, or of the last one. */
  devices: readonly string[] = [];
  /** Monotonic ms at which the current start began, or the next one will. */
  startAt: number | undefined;
  /** How long the last start that led to Ready took, in ms. */
  lastStartMs: number | undefined;

  /** Name of the kind of its devices, such as `NVIDIA GeForce RTX 3090`; replicas of one kind and model learn their speed together. */
  deviceKind: string | undefined;
  /** Free memory of its fullest device; undefined while nobody knows it. Whoever changes it tells {@link PoolListener.memoryChanged}. */
  freeVramBytes: number | undefined;

  /** Its GPUs, as far as somebody looks at them. */
  gpus: readonly GpuReading[] = [];

  /** Slots that are used at most, where an engine is found to carry fewer than it has. */
  slotLimit = Infinity;

  constructor(
    readonly id: ReplicaId,
    readonly endpoint: EngineEndpoint,
  ) {}

  get state(): ReplicaState {
    return this.currentState;
  }

  get ready(): boolean {
    return this.currentState === 'ready';
  }

  /** Tasks that it decodes at once; 0 until its engine has answered. */
  get slots(): number {
    return Math.min(this.description?.slots ?? 0, this.slotLimit);
  }

  /** Milliseconds until it should be Ready, from its planned start and from how long the last one took. */
  readyInMs(now: number): number {
    const readyAt = (this.startAt ?? now) + (this.lastStartMs ?? USUAL_START_MS);
    return Math.max(OVERDUE_MS, readyAt - now);
  }

  /** Another start of its engine; what was seen of the last one says nothing about it. `now` is monotonic ms. */
  begin(now: number): void {
    this.epoch++;
    this.startAt = now;
    this.lastBeatAt = this.lastTokenAt = Number.NEGATIVE_INFINITY;
    this.decodes.clear();
    this.cutOff = 0;
  }

  /** A run on it brought a token at `at`, monotonic ms. */
  brought(at: number): void {
    this.lastTokenAt = Math.max(this.lastTokenAt, at);
    this.cutOff = 0;
  }

  /** @throws when the table of states has no such step */
  moveTo(state: ReplicaState): void {
    if (state === this.currentState) return;
    if (!canMove(this.currentState, state))
      throw new Error(`a replica cannot go from ${this.currentState} to ${state}`);
    this.currentState = state;
  }
}
