import { type ArtifactId } from './artifact-id.js';
import { type ArtifactKind, type ArtifactRow, type RowQuery } from './artifact.js';

/** A row as far as the retention looks at it. */
export interface RowFacts {
  readonly seq: number;
  readonly id: ArtifactId;
  readonly sizeBytes: number;
  /** Rows that all tenants together have of this content. */
  readonly rowsOfId: number;
}

/** Why a row was not added: its parent is not there, or descends from it. */
export type ParentFault = 'unknown' | 'circle';

/** Keeps the rows of artifacts. Every method rejects with an AppError when the disk does not take part. */
export abstract class ArtifactRows {
  /** `seq` of the newest row that was ever there. */
  abstract lastSeq(): Promise<number>;
  /** Durable when it resolves. A row whose parent has a fault is not added. */
  abstract add(row: ArtifactRow): Promise<ParentFault | undefined>;
  /** Newest first. */
  abstract list(query: RowQuery): Promise<readonly ArtifactRow[]>;
  abstract has(tenantId: string, id: ArtifactId): Promise<boolean>;
  /** Bytes of the contents that a tenant has rows of, each counted once. */
  abstract bytesOf(tenantId: string): Promise<number>;
  /** The same over all tenants. */
  abstract allBytes(): Promise<number>;
  /** Rows of a kind from before a time, oldest first, but those that are to be kept. */
  abstract expired(kind: ArtifactKind, beforeMs: number, limit: number): Promise<readonly number[]>;
  /** Rows behind `afterSeq`, oldest first, but those that are to be kept. */
  abstract oldest(afterSeq: number, limit: number): Promise<readonly RowFacts[]>;
  abstract remove(seqs: readonly number[]): Promise<void>;
  /** Those of the contents that no row of any tenant refers to. */
  abstract unreferenced(ids: readonly ArtifactId[]): Promise<readonly ArtifactId[]>;
}
