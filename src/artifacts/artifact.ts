import { type ArtifactId } from './artifact-id.js';

export const ARTIFACT_KINDS = ['plan', 'summary', 'diff', 'trace', 'other'] as const;
export type ArtifactKind = (typeof ARTIFACT_KINDS)[number];

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [member: string]: Json;
}

/** Rows with this tag are left alone by the retention. */
export const KEEP_TAG = 'keep';

/** What is to be kept: the content, and what its keeper says of it. */
export interface NewArtifact {
  readonly tenantId: string;
  readonly kind: ArtifactKind;
  readonly content: JsonObject;
  readonly tags: readonly string[];
  /** What it was made from; it has to be there. */
  readonly parent: ArtifactId | undefined;
  readonly metadata: JsonObject;
  /** Set when its keeper has looked for secrets already: whether there were any. */
  readonly redacted?: boolean;
}

/** What one put said of its content. A content that was put several times has several. */
export interface ArtifactRow {
  /** 1, 2, 3, … in the order of the puts. */
  readonly seq: number;
  readonly tenantId: string;
  readonly id: ArtifactId;
  readonly kind: ArtifactKind;
  readonly tags: readonly string[];
  readonly parent: ArtifactId | undefined;
  readonly metadata: JsonObject;
  /** Unix epoch ms. */
  readonly createdMs: number;
  /** Of the canonical form, which is what lies on disk. */
  readonly sizeBytes: number;
  /** Secrets were taken out before it was hashed. */
  readonly redacted: boolean;
}

/** Which rows of a tenant are wanted, newest first. */
export interface RowQuery {
  readonly tenantId: string;
  readonly id?: ArtifactId | undefined;
  /** All of them. */
  readonly tags?: readonly string[];
  readonly kind?: ArtifactKind | undefined;
  readonly parent?: ArtifactId | undefined;
  readonly sinceMs?: number | undefined;
  /** Rows older than this one. */
  readonly beforeSeq?: number | undefined;
  readonly limit: number;
}
