import { type CancelTimer, type Clock } from '../../kernel/clock.js';
import { type Packed, pack } from './packing.js';
import { type Committed } from './protocol.js';
import { type FailureReason, StoreFailure } from './store-failure.js';
import { type StoreTelemetry } from './store-telemetry.js';
import { type StoreRequest, StoreThread } from './store-thread.js';
import { type Durability, type SqlValues, Store, type Write } from './store.js';

export interface StoreOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly telemetry: StoreTelemetry;
  /** Beyond this, what waits for the disk is refused; {@link MOST_WAITING_BYTES} if omitted. */
  readonly mostWaitingBytes?: number;
  /** Another entry of the thread, for tests. */
  readonly entry?: URL;
}

interface Waiting extends Packed {
  readonly durability: Durability;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const MOST_UNITS = 512;
const MOST_WAITING_BYTES = 128 * 1024 * 1024;
const PROBE_MS = 1_000;
const RESTART_MS = { first: 100, most: 5_000 };

/**
 * The store in a thread of its own. Units that come while one commit is under way gather for the next one. A thread that
 * ends unasked is started again; until then everything is refused.
 */
export class WorkerStore extends Store {
  private thread: StoreThread | undefined;
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  private commitsUnderWay = 0;
  private flushPlanned = false;
  private takesWrites = true;
  private restartMs = RESTART_MS.first;
  private restarting: Promise<void> | undefined;
  private cancelTimer: CancelTimer = () => {};
  private closing: Promise<void> | undefined;

  private constructor(private readonly options: StoreOptions) {
    super();
  }

  /** @throws StoreError when the store cannot be opened, which is then as it was */
  static async open(options: StoreOptions): Promise<WorkerStore> {
    const store = new WorkerStore(options);
    await store.start();
    options.telemetry.watchDisk(options.folder);
    return store;
  }

  override get isWritable(): boolean {
    return this.thread !== undefined && this.takesWrites;
  }

  override async write(unit: readonly Write[], durability: Durability = 'full'): Promise<void> {
    if (this.closing !== undefined) throw failure('closed', 'the store is closed');
    const packed = pack(unit);
    const { mostWaitingBytes = MOST_WAITING_BYTES } = this.options;
    if (this.waitingBytes > 0 && this.waitingBytes + packed.bytes > mostWaitingBytes)
      throw this.counted(failure('overloaded', `${this.waitingBytes} bytes wait already`));
    this.waitingBytes += packed.bytes;
    try {
      await new Promise<void>((resolve, reject) => {
        this.waiting.push({ ...packed, durability, resolve, reject });
        this.planFlush();
      });
    } finally {
      this.waitingBytes -= packed.bytes;
    }
  }

  override async read<Row>(query: string, values?: SqlValues): Promise<readonly Row[]> {
    return (await this.request({ type: 'read', query, values })) as readonly Row[];
  }

  override async ask<Answer>(question: string, given: unknown): Promise<Answer> {
    return (await this.request({ type: 'ask', question, given })) as Answer;
  }

  /** Copies the database to a file while it is written to. @throws StoreFailure */
  async snapshot(file: string): Promise<void> {
    await this.request({ type: 'snapshot', file });
  }

  override close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private async finish(): Promise<void> {
    this.flush();
    this.cancelTimer();
    await this.restarting;
    const { thread } = this;
    this.thread = undefined;
    // One that is lost meanwhile has nothing left to close.
    await thread?.close().catch(() => {});
  }

  private async request(request: StoreRequest): Promise<unknown> {
    if (this.closing !== undefined) throw failure('closed', 'the store is closed');
    this.flush();
    try {
      return await this.send(request);
    } catch (error) {
      throw this.counted(error as StoreFailure);
    }
  }

  private send(request: StoreRequest, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.thread === undefined) return Promise.reject(failure('lost', 'the thread of the store is not there'));
    return this.thread.ask(request, transfer);
  }

  /** A turn later, so that all that comes in this one shares a commit. */
  private planFlush(): void {
    if (this.flushPlanned || this.commitsUnderWay > 0) return;
    this.flushPlanned = true;
    queueMicrotask(() => {
      this.flushPlanned = false;
      this.flush();
    });
  }

  private flush(): void {
    while (this.waiting.length > 0) void this.commit(this.waiting.splice(0, MOST_UNITS));
  }

  private async commit(batch: readonly Waiting[]): Promise<void> {
    this.commitsUnderWay++;
    try {
      const committed = await this.sendBatch(batch);
      this.options.telemetry.committed(committed);
      this.settle(batch, committed);
    } catch (error) {
      for (const { reject } of batch) reject(error);
      this.refused(this.counted(error as StoreFailure));
    }
    this.commitsUnderWay--;
    this.planFlush();
  }

  private async sendBatch(batch: readonly Waiting[]): Promise<Committed> {
    const units = batch.map(({ unit }) => unit);
    const durability = batch.some((each) => each.durability === 'full') ? 'full' : 'relaxed';
    const transfer = batch.flatMap((each) => each.transfer);
    return (await this.send({ type: 'commit', units, durability }, transfer)) as Committed;
  }

  private settle(batch: readonly Waiting[], { failures, hasWritten }: Committed): void {
    let worst: StoreFailure | undefined;
    batch.forEach(({ resolve, reject }, index) => {
      const facts = failures[index];
      if (facts === undefined) return resolve();
      const error = this.counted(new StoreFailure(facts));
      if (error.isOfDisk) worst = error;
      reject(error);
    });
    if (worst !== undefined) this.refused(worst);
    else if (hasWritten) this.accepted();
  }

  private counted(error: StoreFailure): StoreFailure {
    this.options.telemetry.failed(error);
    return error;
  }

  private accepted(): void {
    this.takesWrites = true;
    this.options.telemetry.writable();
  }

  /** Somebody has to try again, or a daemon that is sent no work because it is not ready would never hear that it is. */
  private refused(error: StoreFailure): void {
    if (!error.isOfDisk || this.thread === undefined) return;
    this.takesWrites = false;
    this.options.telemetry.unwritable(error);
    this.plan(PROBE_MS, () => void this.probe());
  }

  private async probe(): Promise<void> {
    if (this.takesWrites) return;
    await this.send({ type: 'probe' }).then(
      () => this.accepted(),
      (error: StoreFailure) => this.refused(error),
    );
  }

  private async start(): Promise<void> {
    const { folder, clock, entry } = this.options;
    this.thread = await StoreThread.start({ folder, epochMs: clock.epochMs() }, (why) => this.lost(why), entry);
  }

  private lost(why: string): void {
    this.thread = undefined;
    if (this.closing !== undefined) return;
    this.options.telemetry.unwritable(failure('lost', why));
    this.planRestart();
  }

  private planRestart(): void {
    this.plan(this.restartMs, () => {
      this.restarting = this.restart();
    });
  }

  private async restart(): Promise<void> {
    try {
      await this.start();
      this.restartMs = RESTART_MS.first;
      this.accepted();
    } catch (error) {
      this.options.telemetry.notReopened(error instanceof Error ? error.message : String(error));
      this.restartMs = Math.min(this.restartMs * 2, RESTART_MS.most);
      this.planRestart();
    }
  }

  private plan(delayMs: number, run: () => void): void {
    this.cancelTimer();
    if (this.closing === undefined) this.cancelTimer = this.options.clock.schedule(delayMs, run);
  }
}

function failure(reason: FailureReason, detail: string): StoreFailure {
  return new StoreFailure({ reason, detail });
}
