import { statfs } from 'node:fs/promises';
import { type Clock } from '../../kernel/clock.js';
import { type Logger } from '../../observability/logger.js';
import { type Metrics } from '../../observability/metrics.js';
import { type Committed } from './protocol.js';
import { type StoreFailure } from './store-failure.js';

const DISK_MS = 15_000;

/** What operators see of the store. */
export class StoreTelemetry {
  private failing = false;

  constructor(
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  /** Looks again and again at the space that is left where the folder lies. */
  watchDisk(folder: string): void {
    void statfs(folder).then(
      ({ bavail, bsize }) => this.metrics.diskFree.set(bavail * bsize),
      () => {},
    );
    this.clock.schedule(DISK_MS, () => this.watchDisk(folder));
  }

  committed({ tookMs, walBytes }: Committed): void {
    this.metrics.storeWrite.observe(tookMs / 1000);
    this.metrics.walBytes.set(walBytes);
  }

  /** One unit was refused, or a read failed; the caller hears of it. */
  failed({ reason, detail }: StoreFailure): void {
    this.metrics.storeErrors.inc();
    if (reason === 'refused') this.logger.error('store', `the store refused a request: ${detail}`);
  }

  /** From now on it takes no writes. */
  unwritable({ reason, detail }: StoreFailure): void {
    if (this.failing) return;
    this.failing = true;
    const message = 'the store takes no writes; what must be kept is refused until the data folder takes it';
    this.logger.error('store', message, { reason, error: detail });
  }

  notReopened(message: string): void {
    this.logger.error('store', `the store could not be opened again, it is tried further: ${message}`);
  }

  writable(): void {
    if (this.failing) this.logger.info('store', 'the store takes writes again');
    this.failing = false;
  }
}
