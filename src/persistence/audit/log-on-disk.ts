import { basename } from 'node:path';
import { type LogFiles } from '../../audit/log-files.js';
import { readIfThere } from './head-file.js';
import { linesForward } from './line-file.js';
import { type AuditPlaces, listSegments } from './places.js';

/** A log as a verifier reads it; it may be written meanwhile. */
export function logOnDisk({ folder, head, cut }: AuditPlaces): LogFiles {
  return {
    // First of all: what the head says has to be in what is read after it.
    head: readIfThere(head),
    cut: readIfThere(cut),
    segments: listSegments(folder).map(({ firstSeq, rows, records }) => ({
      firstSeq,
      name: basename(rows),
      rows: () => linesForward(rows),
      recordsName: basename(records),
      records: () => linesForward(records),
    })),
  };
}
