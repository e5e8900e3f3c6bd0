import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type CancelTimer, type Clock } from '../../../kernel/clock.js';
import { type FromWorker, type ToWorker, type WorkerSetup } from './protocol.js';
import { cpuMsOf, IDLE, PENDING, Turn } from './turn.js';

export type Job = Exclude<ToWorker, { type: 'retire' }>;
export type Reply = Exclude<FromWorker, { type: 'ready' }>;

/** Why a worker is no more. */
export type LossReason = 'deadline' | 'memory' | 'crash' | 'closed';

/** The worker ended before its job did. */
export class SandboxLost extends Error {
  override readonly name = 'SandboxLost';

  constructor(
    readonly reason: LossReason,
    /** Place in the chain of the policy that was running; undefined when none was. */
    readonly place: number | undefined,
    /** False when that policy hardly got the processor before the deadline: the machine was late, not the policy. */
    readonly usedItsTime = true,
    cause?: unknown,
  ) {
    super(`The sandbox worker was lost: ${reason}.`, { cause });
  }
}

/** Bounds of the JavaScript in a worker. What guests have is bounded otherwise: these do not reach linear memory. */
const RESOURCE_LIMITS = {
  maxOldGenerationSizeMb: 128,
  maxYoungGenerationSizeMb: 32,
  codeRangeSizeMb: 64,
  stackSizeMb: 4,
};
/** How long an answer that is on its way may take after the deadline. */
const GRACE_MS = 50;
/** The share of the deadline that a policy has to spend computing to be the one that used it up. */
const OWN_SHARE = 0.25;

interface Pending {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (lost: SandboxLost) => void;
  readonly cancelTimer: CancelTimer;
  readonly deadlineMs: number;
  /** Monotonic ms. */
  readonly sentAt: number;
}

/** One worker thread, which does one job at a time. */
export class Sandbox {
  /** Settles once the worker takes jobs; rejects when it never will. */
  readonly ready: Promise<void>;
  private readonly turn = new Turn();
  private readonly worker: Worker;
  private pending: Pending | undefined;
  private loss: LossReason | undefined;

  constructor(
    setup: Omit<WorkerSetup, 'turn'>,
    private readonly clock: Clock,
    private readonly onLoss: (sandbox: Sandbox) => void,
  ) {
    this.turn.set(IDLE);
    this.worker = new Worker(workerFile(), {
      workerData: { ...setup, turn: this.turn.buffer } satisfies WorkerSetup,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: {},
      resourceLimits: RESOURCE_LIMITS,
      // Kept from those of the daemon, and not read: guests cannot write to them, and reading would keep the process alive.
      stdout: true,
      stderr: true,
    });
    this.ready = new Promise((resolve, reject) => {
      this.worker.on('message', (message: FromWorker) => {
        // A worker without work keeps no process alive: a daemon that could not start has nobody to close it.
        this.worker.unref();
        if (message.type === 'ready') resolve();
        else this.settle(message);
      });
      let cause: unknown;
      this.worker.on('error', (error) => {
        cause = error;
        this.lose(isOutOfMemory(error) ? 'memory' : 'crash');
      });
      this.worker.on('exit', () => {
        this.lose('crash');
        reject(new SandboxLost(this.loss ?? 'crash', undefined, true, cause));
      });
    });
    // Who does not wait for it learns of the loss otherwise.
    this.ready.catch(() => undefined);
  }

  get isLost(): boolean {
    return this.loss !== undefined;
  }

  /** Rejects with {@link SandboxLost} when the worker ends first, as it does at the deadline. */
  run(job: Job, deadlineMs: number, transfer: readonly ArrayBuffer[] = []): Promise<Reply> {
    if (this.loss !== undefined) return Promise.reject(new SandboxLost(this.loss, undefined));
    return new Promise((resolve, reject) => {
      const cancelTimer = this.clock.schedule(deadlineMs, () => this.expire());
      this.pending = { resolve, reject, cancelTimer, deadlineMs, sentAt: this.clock.now() };
      this.turn.set(PENDING);
      this.worker.ref();
      this.worker.postMessage(job, transfer);
    });
  }

  /** Comes after the job that is under way. */
  retire(generation: number): void {
    if (this.loss === undefined) this.worker.postMessage({ type: 'retire', generation } satisfies ToWorker);
  }

  async close(): Promise<void> {
    this.worker.ref();
    this.lose('closed');
    await this.worker.terminate();
  }

  private settle(reply: Reply): void {
    const { pending } = this;
    this.pending = undefined;
    pending?.cancelTimer();
    pending?.resolve(reply);
  }

  /** A stalled event loop sees the timer before the answer that came in time. */
  private expire(): void {
    if (this.pending === undefined) return;
    const { place } = this.turn;
    if (place === PENDING) return this.lose('deadline');
    const { sentAt, deadlineMs } = this.pending;
    const onTimeMs = deadlineMs - (this.clock.now() - sentAt - deadlineMs);
    const end = (usedMs: number): void => this.lose('deadline', usedMs >= deadlineMs * OWN_SHARE);
    const cancelTimer = this.clock.schedule(GRACE_MS, () => end(onTimeMs));
    const pending = { ...this.pending, cancelTimer };
    this.pending = pending;
    if (place !== IDLE) void this.usedMs(onTimeMs).then((usedMs) => this.pending === pending && end(usedMs));
  }

  /** Processor time of the policy that runs; a guess where Node does not tell it. */
  private async usedMs(guess: number): Promise<number> {
    try {
      const usedMs = cpuMsOf(await (this.worker as CountingWorker).cpuUsage?.()) - this.turn.beganCpuMs;
      return Number.isNaN(usedMs) ? guess : usedMs;
    } catch {
      return guess;
    }
  }

  private lose(reason: LossReason, usedItsTime?: boolean): void {
    if (this.loss !== undefined) return;
    this.loss = reason;
    const { pending } = this;
    this.pending = undefined;
    pending?.cancelTimer();
    void this.worker.terminate();
    this.onLoss(this);
    pending?.reject(new SandboxLost(reason, this.place(), usedItsTime));
  }

  private place(): number | undefined {
    const { place } = this.turn;
    return place >= 0 ? place : undefined;
  }
}

/** The oldest Node that we run on does not have it. */
type CountingWorker = Partial<Pick<Worker, 'cpuUsage'>>;

/** Workers start from what was built, also where this file itself is run as source. */
function workerFile(): string {
  const beside = fileURLToPath(new URL('./worker.js', import.meta.url));
  if (existsSync(beside)) return beside;
  return beside.replace(/([\\/])src([\\/]policy-host[\\/])/, '$1dist$2');
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Object && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}
