import { type ArtifactRecord } from '@llama-orch/client';
import { type KeptArtifact } from '../artifacts/artifacts.js';
import { type ArtifactRow } from '../artifacts/artifact.js';

/** A row as the API tells it. */
export function recordView(row: ArtifactRow): ArtifactRecord {
  return {
    id: row.id,
    digest: row.id,
    kind: row.kind,
    created_ms: row.createdMs,
    tags: row.tags,
    parent: row.parent ?? null,
    metadata: row.metadata,
    size_bytes: row.sizeBytes,
    redacted: row.redacted,
  };
}

/** The JSON of an artifact; its content is taken over as it lies on disk. */
export function artifactJson({ row, content }: KeptArtifact): Buffer {
  const record = JSON.stringify(recordView(row));
  return Buffer.concat([Buffer.from(`${record.slice(0, -1)},"content":`), content, Buffer.from('}')]);
}

/** Strong, as an id stands for one content alone. */
export function entityTag({ id }: ArtifactRow): string {
  return `"${id}"`;
}

/** Whether one of the tags of `If-None-Match` is that of the artifact. */
export function isMatch(header: string | undefined, row: ArtifactRow): boolean {
  if (header === undefined) return false;
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(entityTag(row));
}
