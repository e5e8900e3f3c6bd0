import { type RowFacts } from './artifact-rows.js';
import { ARTIFACT_KINDS, type ArtifactKind } from './artifact.js';

export interface RetentionSettings {
  /** 0 = for ever. */
  readonly maxAgeDays: number;
  /** The same for traces. */
  readonly traceMaxAgeDays: number;
  /** Of all contents together; 0 = any. */
  readonly maxTotalBytes: number;
}

const DAY_MS = 86_400_000;

/** From when on rows of a kind are kept; kinds that are kept for ever are left out. */
export function ageLimits(settings: RetentionSettings, nowMs: number): readonly (readonly [ArtifactKind, number])[] {
  return ARTIFACT_KINDS.flatMap((kind) => {
    const days = kind === 'trace' ? settings.traceMaxAgeDays : settings.maxAgeDays;
    return days === 0 ? [] : [[kind, nowMs - days * DAY_MS] as const];
  });
}

export interface Displaced {
  readonly seqs: readonly number[];
  readonly bytes: number;
}

/** The oldest of these rows that have to go until so many bytes are free. A content is free with the last of its rows. */
export function displacedRows(oldestFirst: readonly RowFacts[], bytesTooMany: number): Displaced {
  const seqs: number[] = [];
  const gone = new Map<string, number>();
  let bytes = 0;
  for (const { seq, id, sizeBytes, rowsOfId } of oldestFirst) {
    if (bytes >= bytesTooMany) break;
    seqs.push(seq);
    const count = (gone.get(id) ?? 0) + 1;
    gone.set(id, count);
    if (count === rowsOfId) bytes += sizeBytes;
  }
  return { seqs, bytes };
}
