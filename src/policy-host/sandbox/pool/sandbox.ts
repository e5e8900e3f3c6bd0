import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type CancelTimer, type Clock } from '../../../kernel/clock.js';
import { type FromWorker, IDLE, PENDING, type ToWorker, type WorkerSetup } from './protocol.js';

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
  ) {
    super(`The sandbox worker was lost: ${reason}.`);
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

interface Pending {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (lost: SandboxLost) => void;
  readonly cancelTimer: CancelTimer;
}

/** One worker thread, which does one job at a time. */
export class Sandbox {
  /** Settles once the worker takes jobs; rejects when it never will. */
  readonly ready: Promise<void>;
  private readonly turn = new Int32Array(new SharedArrayBuffer(4)).fill(IDLE);
  private readonly worker: Worker;
  private pending: Pending | undefined;
  private loss: LossReason | undefined;

  constructor(
    setup: Omit<WorkerSetup, 'turn'>,
    private readonly clock: Clock,
    private readonly onLoss: (sandbox: Sandbox) => void,
  ) {
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
      this.worker.on('error', (error) => this.lose(isOutOfMemory(error) ? 'memory' : 'crash'));
      this.worker.on('exit', () => {
        this.lose('crash');
        reject(new SandboxLost(this.loss ?? 'crash', undefined));
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
      this.pending = { resolve, reject, cancelTimer };
      Atomics.store(this.turn, 0, PENDING);
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
    if (Atomics.load(this.turn, 0) !== IDLE) return this.lose('deadline');
    const cancelTimer = this.clock.schedule(GRACE_MS, () => this.lose('deadline'));
    this.pending = { ...this.pending, cancelTimer };
  }

  private lose(reason: LossReason): void {
    if (this.loss !== undefined) return;
    this.loss = reason;
    const { pending } = this;
    this.pending = undefined;
    pending?.cancelTimer();
    void this.worker.terminate();
    this.onLoss(this);
    pending?.reject(new SandboxLost(reason, this.place()));
  }

  private place(): number | undefined {
    const place = Atomics.load(this.turn, 0);
    return place >= 0 ? place : undefined;
  }
}

/** Workers start from what was built, also where this file itself is run as source. */
function workerFile(): string {
  const beside = fileURLToPath(new URL('./worker.js', import.meta.url));
  if (existsSync(beside)) return beside;
  return beside.replace(/([\\/])src([\\/]policy-host[\\/])/, '$1dist$2');
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Object && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}
