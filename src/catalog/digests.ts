import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type CatalogStore } from './catalog-store.js';
import { type Manifest } from './entry.js';
import { markOf } from './file-mark.js';
import { digestOf } from './trust/digest.js';
import { modelFiles } from './trust/model-files.js';

/** Local weights, and what their bytes come to. */
export interface Hashed {
  /** `sha256:<hex>` of the one file, else of the list of files. */
  readonly digest: string;
  readonly sizeBytes: number;
}

interface Reading {
  readonly reading: Promise<Hashed>;
  /** Of the one who reads. */
  readonly signal: AbortSignal;
}

/** Digests of local weights. What has not changed since it was hashed is not read again, over restarts too. */
export class Digests {
  /** Those who ask for the same bytes share one reading of them. */
  private readonly running = new Map<string, Reading>();

  constructor(private readonly store: Pick<CatalogStore, 'stampOf' | 'keepStamp'>) {}

  /** @throws Error when something cannot be read, or changes meanwhile */
  async of(path: string, signal: AbortSignal): Promise<Hashed> {
    signal.throwIfAborted();
    const { mark } = await markOf(path);
    const known = await this.store.stampOf(path);
    if (known?.mark === mark) return known;
    const name = `${path}\n${mark}`;
    const running = this.running.get(name);
    if (running !== undefined) return this.share(running, () => this.of(path, signal));
    const reading = this.read(path, mark, signal).finally(() => this.running.delete(name));
    this.running.set(name, { reading, signal });
    return reading;
  }

  /** The one who reads may leave before the others: one of these reads then, and the rest wait again. */
  private share({ reading, signal }: Reading, again: () => Promise<Hashed>): Promise<Hashed> {
    return reading.catch((error: unknown) => {
      if (signal.aborted) return again();
      throw error;
    });
  }

  /** Nothing has changed since it was hashed. */
  async isKnown(path: string): Promise<boolean> {
    const { mark } = await markOf(path);
    return (await this.store.stampOf(path))?.mark === mark;
  }

  /** The files of a model; of a single one, what is known of it. @throws Error as {@link of} does */
  async manifests(path: string, signal: AbortSignal): Promise<readonly Manifest[]> {
    if ((await stat(path)).isDirectory()) return this.files(path, signal);
    const { digest, sizeBytes } = await this.of(path, signal);
    return [{ path: basename(path), digest, sizeBytes }];
  }

  /** Reads every byte, whatever is known. @throws Error when something cannot be read, or changes meanwhile */
  async files(path: string, signal: AbortSignal): Promise<readonly Manifest[]> {
    const { mark } = await markOf(path);
    const files = await modelFiles(path, { signal, allowLinks: true });
    await this.keep(path, mark, files);
    return files;
  }

  private async read(path: string, mark: string, signal: AbortSignal): Promise<Hashed> {
    return this.keep(path, mark, await modelFiles(path, { signal, allowLinks: true }));
  }

  private async keep(path: string, before: string, files: readonly Manifest[]): Promise<Hashed> {
    const { mark, sizeBytes } = await markOf(path);
    if (mark !== before) throw new Error('the weights changed while they were read');
    const stamp = { path, mark, digest: digestOf(files), sizeBytes };
    await this.store.keepStamp(stamp);
    return stamp;
  }
}
