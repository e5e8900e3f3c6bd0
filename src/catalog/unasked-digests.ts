import { type Logger } from '../observability/logger.js';
import { type Catalog } from './catalog.js';
import { type Digests } from './digests.js';
import { type CatalogEntry } from './entry.js';

export interface UnaskedDigestsPorts {
  readonly catalog: Pick<Catalog, 'get' | 'learn'>;
  readonly digests: Pick<Digests, 'of'>;
  readonly logger: Logger;
}

/** Digests that nobody supplied, and nobody waits for: they are worked out beside the engines that load. */
export class UnaskedDigests {
  private readonly readings = new Map<AbortController, Promise<void>>();
  private isClosed = false;

  constructor(private readonly ports: UnaskedDigestsPorts) {}

  /** @returns a function that gives the reading up; it is harmless when it is over */
  workOut(entry: CatalogEntry, path: string): () => void {
    const stop = new AbortController();
    if (this.isClosed) stop.abort();
    const reading = this.read(entry, path, stop.signal).finally(() => this.readings.delete(stop));
    this.readings.set(stop, reading);
    return () => stop.abort();
  }

  /** Nothing is read any more once it settles. */
  async close(): Promise<void> {
    this.isClosed = true;
    const readings = [...this.readings];
    for (const [stop] of readings) stop.abort();
    await Promise.all(readings.map(([, reading]) => reading));
  }

  private async read({ id }: CatalogEntry, path: string, stop: AbortSignal): Promise<void> {
    const { digests, catalog, logger } = this.ports;
    try {
      const { digest } = await digests.of(path, stop);
      if (catalog.get(id)?.digest !== digest) await catalog.learn(id, { digest });
    } catch (error) {
      if (stop.aborted) return;
      const why = error instanceof Error ? error.message : String(error);
      logger.warn('verify', `the digest of model ${id} was not found out: ${why}`, { model_id: id });
    }
  }
}
