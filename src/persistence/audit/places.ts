import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where the parts of the log are, below the data folder. */
export interface AuditPlaces {
  readonly folder: string;
  readonly keys: string;
  readonly head: string;
  readonly cut: string;
}

/** A stretch of the log: its rows, and what their decisions were made from. */
export interface SegmentPlace {
  readonly firstSeq: number;
  readonly rows: string;
  readonly records: string;
}

const ROWS = /^rows-(\d{12})\.jsonl$/;

export function auditPlaces(dataFolder: string): AuditPlaces {
  const folder = join(dataFolder, 'audit');
  return {
    folder,
    keys: join(dataFolder, 'keys'),
    head: join(folder, 'head.jsonl'),
    cut: join(folder, 'cut.json'),
  };
}

export function segmentPlace(folder: string, firstSeq: number): SegmentPlace {
  const name = `${String(firstSeq).padStart(12, '0')}.jsonl`;
  return { firstSeq, rows: join(folder, `rows-${name}`), records: join(folder, `records-${name}`) };
}

/** Every segment, oldest first; none when there is no folder. */
export function listSegments(folder: string): SegmentPlace[] {
  return namesIn(folder)
    .flatMap((name) => ROWS.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
    .map((firstSeq) => segmentPlace(folder, firstSeq));
}

/** For whoever verifies an export. */
export function publicKeyPath({ keys }: AuditPlaces): string {
  return join(keys, 'audit-public.pem');
}

/** Whether anything of a log is there. */
export function hasLog({ folder, head }: AuditPlaces): boolean {
  return existsSync(head) || listSegments(folder).length > 0;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
