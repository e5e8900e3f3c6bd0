import { type Artifacts } from '../artifacts/artifacts.js';
import { type Clock } from '../kernel/clock.js';
import { AppError } from '../kernel/errors.js';
import { type Logger } from '../observability/logger.js';
import { type Metrics } from '../observability/metrics.js';
import { type Redactor } from '../observability/redactor.js';
import { type TaskListener } from './task-telemetry.js';
import { type TaskRegistry } from './task-registry.js';
import { type TaskStore } from './task-store.js';
import { type Task } from './task.js';
import { type Transcript, transcriptOf } from './transcript.js';

export interface TranscriptPorts {
  readonly artifacts: Artifacts;
  readonly store: TaskStore;
  readonly registry: TaskRegistry;
  readonly redactor: Redactor;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface TranscriptSettings {
  readonly enabled: boolean;
  /** Ended tasks that may wait. */
  readonly mostWaiting: number;
  /** How long the frames of ended tasks are there. */
  readonly framesMs: number;
  /** Of one transcript. */
  readonly mostBytes: number;
}

const RESULTS = ['stored', 'truncated', 'dropped', 'failed'] as const;
/** Written at the same time; they share the commits of the store. */
const AT_ONCE = 4;
/** What is not written by then is left to the next start. */
const LAST_WRITES_MS = 1_000;

/** Keeps what tasks said as artifacts, once they have ended and readers have it all. Nothing of it runs while tokens come. */
export class Transcripts implements TaskListener {
  private readonly waiting: Task[] = [];
  private readonly writing = new Set<Promise<void>>();
  /** A task can come twice: it ends while the start looks for those that have. */
  private readonly taken = new WeakSet<Task>();
  private isClosed = false;

  constructor(
    private readonly ports: TranscriptPorts,
    private readonly settings: TranscriptSettings,
  ) {
    for (const result of RESULTS) ports.metrics.transcripts.inc({ result }, 0);
  }

  /** Takes up what an earlier daemon had no time for. */
  async start(): Promise<void> {
    if (!this.settings.enabled) return;
    const since = this.ports.clock.epochMs() - this.settings.framesMs;
    const records = await this.ports.store.history(this.settings.mostWaiting).catch((error: unknown) => {
      this.ports.logger.warn('artifact', 'transcripts of before the restart could not be looked for', {
        error: String(error),
      });
      return [];
    });
    for (const { key, transcript, endedMs } of records) {
      const task = transcript === undefined && endedMs > since ? this.ports.registry.get(key) : undefined;
      if (task !== undefined) this.ended(task);
    }
  }

  ended(task: Task): void {
    if (!this.settings.enabled || this.isClosed || this.taken.has(task)) return;
    this.taken.add(task);
    if (this.waiting.length < this.settings.mostWaiting) this.waiting.push(task);
    else this.count('dropped');
    this.writeNext();
  }

  /** Writes what waits, for a moment; nothing is begun afterwards. */
  async close(): Promise<void> {
    let isLate = false;
    let stopWaiting: () => void = () => {};
    const late = new Promise<void>((resolve) => (stopWaiting = resolve));
    const cancelTimer = this.ports.clock.schedule(LAST_WRITES_MS, () => {
      isLate = true;
      stopWaiting();
    });
    while (this.writing.size > 0 && !isLate) await Promise.race([...this.writing, late]);
    cancelTimer();
    this.isClosed = true;
    this.waiting.length = 0;
    await Promise.all(this.writing);
  }

  private writeNext(): void {
    while (this.writing.size < AT_ONCE && this.waiting.length > 0) {
      const write = this.keep(this.waiting.shift()!).finally(() => {
        this.writing.delete(write);
        this.writeNext();
      });
      this.writing.add(write);
    }
  }

  private async keep(task: Task): Promise<void> {
    try {
      await task.log.ended();
      const frames = await this.framesOf(task);
      if (frames === '') return this.count('dropped');
      const transcript = await transcriptOf(frames, this.settings.mostBytes, this.ports.redactor);
      const { id } = await this.put(task, transcript);
      await this.ports.store.noteTranscript(task.key, id);
      task.transcript = id;
      this.count(transcript.truncated ? 'truncated' : 'stored');
    } catch (error) {
      // A tenant whose room is used up would fill the log too.
      if (error instanceof AppError && error.code === 'QUOTA_EXCEEDED') return this.count('dropped');
      this.count('failed');
      this.ports.logger.warn('artifact', 'the transcript of a task could not be kept', {
        job_id: task.request.id,
        correlation_id: task.request.correlationId,
        error: String(error),
      });
    }
  }

  private put(task: Task, { events, truncated, redacted }: Transcript): ReturnType<Artifacts['put']> {
    const { request } = task;
    const session = request.sessionId === null ? [] : [`session:${request.sessionId}`];
    return this.ports.artifacts.put({
      tenantId: request.tenantId,
      kind: 'trace',
      content: { events },
      tags: ['sse', 'stream', `task:${request.id}`, ...session],
      parent: undefined,
      metadata: {
        engine: task.engine,
        engine_version: task.engineVersion ?? null,
        pool_id: task.poolId,
        replica_id: task.replicaId ?? null,
        ...(truncated && { truncated }),
      },
      redacted,
    });
  }

  /** From memory, as long as no frame was let go there; else from the store, else what is left. */
  private async framesOf({ log, key }: Task): Promise<string> {
    if (log.holds(0)) return log.frames();
    const stored = await this.ports.store.framesOf(key);
    if (stored.length === 0) return log.frames();
    return Buffer.concat(stored.map(({ bytes }) => bytes)).toString('utf8');
  }

  private count(result: (typeof RESULTS)[number]): void {
    this.ports.metrics.transcripts.inc({ result });
  }
}
