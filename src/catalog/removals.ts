import { type CancelTimer, type Clock } from '../kernel/clock.js';
import { type Logger } from '../observability/logger.js';
import { type Catalog } from './catalog.js';
import { type CatalogStore, type EntryFiles, type Removal } from './catalog-store.js';
import { type Fetches } from './fetch/fetches.js';

export interface RemovalPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly catalog: Catalog;
  readonly store: Pick<CatalogStore, 'removals' | 'settle'>;
  readonly files: Pick<EntryFiles, 'remove'>;
  readonly fetches: Pick<Fetches, 'remove' | 'local'>;
}

const EVERY_MS = 600_000;

/** Removes the files of entries that are gone, when their time has come and nobody needs them any more. */
export class Removals {
  private cancelTimer: CancelTimer = () => {};

  constructor(private readonly ports: RemovalPorts) {}

  start(): void {
    void this.sweep();
    this.cancelTimer = this.ports.clock.schedule(EVERY_MS, () => this.start());
  }

  stop(): void {
    this.cancelTimer();
  }

  /** Looks at all that wait, once. What cannot be removed now is tried again with the next look. */
  async sweep(): Promise<void> {
    const { clock, store, logger } = this.ports;
    try {
      const due = (await store.removals()).filter(({ dueMs }) => dueMs <= clock.epochMs());
      for (const removal of due) if (await this.carryOut(removal)) await store.settle(removal);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      logger.warn('retire', `files of removed models stay for now: ${why}`);
    }
  }

  /** False: somebody holds the files. */
  private async carryOut({ id, digest }: Removal): Promise<boolean> {
    const { catalog, files, fetches } = this.ports;
    const all = catalog.all;
    if (digest !== undefined && !all.some((entry) => entry.digest === digest)) {
      const isRemoved = await fetches.remove(digest);
      if (!isRemoved && (await fetches.local(digest))?.isCached === true) return false;
    }
    // The id may have been given again.
    if (catalog.get(id) === undefined) await files.remove(id);
    return true;
  }
}
