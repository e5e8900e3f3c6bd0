import { open, rename, rm } from 'node:fs/promises';
import { type AuditRow } from '../../audit/audit-log.js';
import { cutText } from '../../audit/cut.js';
import { type AuditKeys } from '../../audit/keys.js';
import { syncFolder } from './append-file.js';
import { type AuditPlaces, listSegments, type SegmentPlace } from './places.js';

const DAY_MS = 86_400_000;
const OWNER_FILE = 0o600;
/** More than any row has. */
const ROW_BYTES = 32 * 1024;

export interface Dropped {
  readonly fromSeq: number;
  readonly toSeq: number;
}

/** Drops whole segments whose rows are all too old, and leaves a signed note of where the log begins from now on. */
export class Retention {
  constructor(
    private readonly places: AuditPlaces,
    private readonly keys: AuditKeys,
    private readonly days: number,
  ) {}

  /** @param currentSeq first row of the segment that is being written; answers what was dropped, if anything was */
  async cut(nowMs: number, currentSeq: number): Promise<Dropped | undefined> {
    const segments = listSegments(this.places.folder);
    const [first] = segments;
    const kept = await this.firstKept(segments, nowMs, currentSeq);
    if (first === undefined || kept === undefined || kept === first) return undefined;
    const { prev_hash } = JSON.parse((await linesAt(kept.rows, 'start'))[0]!) as AuditRow;
    await this.note({ first_seq: kept.firstSeq, prev_hash, ts_ms: nowMs });
    await removeAll(segments.slice(0, segments.indexOf(kept)));
    return { fromSeq: first.firstSeq, toSeq: kept.firstSeq - 1 };
  }

  private async firstKept(segments: readonly SegmentPlace[], nowMs: number, currentSeq: number) {
    const oldest = nowMs - this.days * DAY_MS;
    for (const segment of segments)
      if (segment.firstSeq >= currentSeq || (await lastTsMs(segment)) >= oldest) return segment;
    return undefined;
  }

  /** The note is there before anything is dropped: a crash between leaves segments that the next cut takes along. */
  private async note(cut: Parameters<typeof cutText>[0]): Promise<void> {
    const draft = `${this.places.cut}.new`;
    const file = await open(draft, 'w', OWNER_FILE);
    try {
      await file.writeFile(cutText(cut, this.keys));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, this.places.cut);
    await syncFolder(this.places.folder);
  }
}

async function removeAll(segments: readonly SegmentPlace[]): Promise<void> {
  for (const { rows, records } of segments) {
    await rm(records, { force: true });
    await rm(rows, { force: true });
  }
}

/** Infinity when it cannot be told: then nothing is dropped. */
async function lastTsMs({ rows }: SegmentPlace): Promise<number> {
  const found = /"ts_ms":(\d+)/.exec((await linesAt(rows, 'end')).at(-1) ?? '');
  return found === null ? Infinity : Number(found[1]);
}

async function linesAt(path: string, where: 'start' | 'end'): Promise<string[]> {
  const file = await open(path, 'r');
  try {
    const position = where === 'start' ? 0 : Math.max(0, (await file.stat()).size - ROW_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(ROW_BYTES), 0, ROW_BYTES, position);
    return buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n');
  } finally {
    await file.close();
  }
}
