import { type StoreFault } from '../store-error.js';
import { type FailureFacts } from './store-failure.js';
import { type Durability, type SqlValues, type Write } from './store.js';

/** What the thread is started with. */
export interface ThreadSetup {
  readonly folder: string;
  /** Now, for whoever finds the folder in use. */
  readonly epochMs: number;
}

export interface Batch {
  readonly units: readonly (readonly Write[])[];
  readonly durability: Durability;
}

export type ToThread =
  | ({ readonly type: 'commit'; readonly id: number } & Batch)
  | { readonly type: 'read'; readonly id: number; readonly query: string; readonly values: SqlValues | undefined }
  | { readonly type: 'ask'; readonly id: number; readonly question: string; readonly given: unknown }
  /** A write that changes nothing: does the disk take one? */
  | { readonly type: 'probe'; readonly id: number }
  /** Copies the database to a file, in small steps between which other requests are served. */
  | { readonly type: 'snapshot'; readonly id: number; readonly file: string }
  | { readonly type: 'close'; readonly id: number };

/** What became of a batch: undefined for units that are durable now, in their order. */
export interface Committed {
  readonly failures: readonly (FailureFacts | undefined)[];
  /** Whether a row changed: a commit of nothing says nothing of the disk. */
  readonly hasWritten: boolean;
  readonly tookMs: number;
  readonly walBytes: number;
}

export type FromThread =
  | { readonly type: 'ready' }
  /** Without a fault it is a failure of our own. */
  | { readonly type: 'unopened'; readonly fault: StoreFault | undefined; readonly message: string }
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly failure: FailureFacts };
