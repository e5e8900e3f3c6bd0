import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type CancelTimer, type Clock } from '../../kernel/clock.js';
import { type PolicyLimits } from '../limits.js';
import { type PreparedModule } from '../module/prepared-module.js';
import { type PolicyErrorCode } from '../policy-error.js';
import { LoadFailure } from './load-failure.js';

/** One module to check and rewrite, and the settings that it would get. */
export interface PreparationJob {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly limits: Partial<PolicyLimits>;
  /** Of the operator, without the defaults of the policy. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface Preparation {
  readonly prepared: PreparedModule;
  /** What the policy's schema finds wrong with the settings. */
  readonly problems: readonly string[];
}

export type PreparationReply =
  | ({ readonly type: 'prepared' } & Preparation)
  | {
      readonly type: 'refused';
      readonly code: PolicyErrorCode | null;
      readonly message: string;
      readonly cause?: unknown;
    };

/** Checks and rewrites modules, one at a time. */
export interface Preparer {
  /** @throws LoadFailure at `module` */
  prepare(job: PreparationJob): Promise<Preparation>;
  close(): Promise<void>;
}

const LIMIT_MS = 10_000;
const IDLE_MS = 30_000;
const HEAP_MB = 512;
/** A worker starts the built file, also when the tests run the sources. */
const ENTRY = new URL(
  import.meta.url.endsWith('.ts')
    ? '../../../dist/policy-host/loading/preparation-worker.js'
    : './preparation-worker.js',
  import.meta.url,
);

/**
 * Does it in a worker: compiling a large module takes a tenth of a second, in which streams would stand still, and what an
 * author wrote to take for ever is ended. The worker stays for a while, because edits come in rows.
 */
export class WorkerPreparer implements Preparer {
  private worker: Worker | undefined;
  private cancelIdle: CancelTimer = () => {};

  constructor(private readonly clock: Clock) {}

  async prepare(job: PreparationJob): Promise<Preparation> {
    this.cancelIdle();
    this.worker ??= newWorker();
    const reply = await this.replyTo(job, this.worker);
    this.cancelIdle = this.clock.schedule(IDLE_MS, () => void this.close());
    if (reply.type === 'prepared') return reply;
    const { code, message, cause } = reply;
    throw new LoadFailure('module', message, { cause, ...(code === null ? {} : { code }) });
  }

  async close(): Promise<void> {
    this.cancelIdle();
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }

  private async replyTo(job: PreparationJob, worker: Worker): Promise<PreparationReply> {
    const heard = new AbortController();
    const { signal } = heard;
    try {
      worker.ref();
      worker.postMessage(job);
      return await Promise.race([messageOf(worker, signal), this.tooLate(signal)]);
    } catch (error) {
      void this.close();
      if (isSaid(error))
        return { type: 'refused', code: null, message: `the module could not be checked: ${error.message}` };
      return {
        type: 'refused',
        code: null,
        message: 'the module could not be checked; look at the cause',
        cause: error,
      };
    } finally {
      heard.abort();
      worker.unref();
    }
  }

  private tooLate(signal: AbortSignal): Promise<never> {
    return new Promise((_, reject) => {
      const cancelTimer = this.clock.schedule(LIMIT_MS, () => reject(new Unprepared(TOO_SLOW)));
      signal.addEventListener('abort', cancelTimer);
    });
  }
}

/** What is known of a job without a reply; all else is a cause that has to be told by its name. */
class Unprepared extends Error {}

function isSaid(error: unknown): error is Unprepared {
  return error instanceof Unprepared;
}

const TOO_SLOW = `it took longer than ${LIMIT_MS / 1000} s; simplify it, or the patterns of its configSchema`;

/** Rejects when the worker breaks or ends before it answers. */
async function messageOf(worker: Worker, signal: AbortSignal): Promise<PreparationReply> {
  const exit = once(worker, 'exit', { signal }).then(() => {
    throw new Unprepared('its worker ended');
  });
  // Who is not waited for any more must not be heard either.
  exit.catch(() => undefined);
  const [reply] = (await Promise.race([once(worker, 'message', { signal }), exit])) as [PreparationReply];
  return reply;
}

function newWorker(): Worker {
  return new Worker(ENTRY, {
    env: {},
    execArgv: ['--disable-warning=ExperimentalWarning'],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
}
