import { type CatalogEntry } from './entry.js';

/** Weights as they were when their bytes were hashed. */
export interface DigestStamp {
  readonly path: string;
  /** Made of sizes, times and inodes: whoever changes a byte changes it. */
  readonly mark: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Files of a removed entry that wait for their own removal. */
export interface Removal {
  readonly id: string;
  /** Of fetched weights; undefined where there are none of ours. */
  readonly digest: string | undefined;
  /** Epoch ms from which on they may go. */
  readonly dueMs: number;
}

/** Where the catalog is kept. What a promise of it has settled for survives the end of the process. */
export abstract class CatalogStore {
  /** Oldest first. */
  abstract load(): Promise<readonly CatalogEntry[]>;
  abstract put(entries: readonly CatalogEntry[]): Promise<void>;
  /** The row goes, and in the same moment its files begin to wait for their removal. */
  abstract remove(removal: Removal): Promise<void>;
  abstract removals(): Promise<readonly Removal[]>;
  abstract settle(removal: Removal): Promise<void>;
  abstract stampOf(path: string): Promise<DigestStamp | undefined>;
  abstract keepStamp(stamp: DigestStamp): Promise<void>;
}

/** The folder of each entry: what is retained of a model beside its row. */
export abstract class EntryFiles {
  /** Writes the entry, its manifests, signatures and bill of materials; all of it is on the disk when this resolves. */
  abstract keep(entry: CatalogEntry): Promise<void>;
  /** Harmless when there is none. */
  abstract remove(id: string): Promise<void>;
}
