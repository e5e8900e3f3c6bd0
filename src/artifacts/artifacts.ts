import { type Clock } from '../kernel/clock.js';
import { AppError, invalidParams, type Violation } from '../kernel/errors.js';
import { type Redactor } from '../observability/redactor.js';
import { type ArtifactId, artifactIdOf } from './artifact-id.js';
import { type ArtifactRows, type ParentFault } from './artifact-rows.js';
import { type ArtifactRow, type NewArtifact, type RowQuery } from './artifact.js';
import { type ArtifactTelemetry } from './artifact-telemetry.js';
import { type Blobs } from './blobs.js';
import { canonicalForm, contentIn } from './canonical-form.js';
import { type Holds } from './holds.js';
import { nextTurn } from './in-turns.js';
import { type Quota } from './quota.js';
import { type Scrubbed, scrub } from './scrub.js';

export const METADATA_BYTES = 64 * 1024;
const PARENT_FAULTS: Readonly<Record<ParentFault, string>> = {
  unknown: 'must be the id of an artifact that is kept; put that one first',
  circle: 'descends from this very artifact; lineage cannot run in a circle',
};

export interface ArtifactPorts {
  readonly rows: ArtifactRows;
  readonly blobs: Blobs;
  readonly holds: Holds;
  readonly quota: Quota;
  readonly clock: Clock;
  readonly redactor: Redactor;
  readonly telemetry: ArtifactTelemetry;
}

/** An artifact as it is kept: its newest row, and its content in RFC 8785 form. */
export interface KeptArtifact {
  readonly row: ArtifactRow;
  readonly content: Uint8Array;
}

/** Results that are kept, each content once, under the hash of what it says. */
export class Artifacts {
  private newestSeq: Promise<number> | undefined;

  constructor(private readonly ports: ArtifactPorts) {}

  /**
   * Keeps an artifact; durable when it resolves.
   * @throws AppError 400 for a content without canonical form or an unknown parent, 429 when the tenant's room is used up,
   * 500 when the disk does not take it; no row of it is there then
   */
  async put(wanted: NewArtifact): Promise<ArtifactRow> {
    // Each step of a large one takes a while, so that others get their turn between them.
    await nextTurn();
    const clean = await scrub(wanted, this.ports.redactor);
    checkMetadata(clean.metadata);
    await nextTurn();
    const form = await canonicalForm(wanted.kind, clean.content);
    await nextTurn();
    const id = await artifactIdOf(form);
    return this.ports.holds.during(id, () => this.keep(wanted, clean, id, form));
  }

  /** @returns undefined for one that this tenant did not put @throws AppError 500 when its content was damaged on disk */
  get(tenantId: string, id: ArtifactId): Promise<KeptArtifact | undefined> {
    return this.ports.holds.during(id, async () => {
      const [row] = await this.ports.rows.list({ tenantId, id, limit: 1 });
      return row && { row, content: await this.contentOf(row) };
    });
  }

  /** The newest row of an artifact. */
  async find(tenantId: string, id: ArtifactId): Promise<ArtifactRow | undefined> {
    const [row] = await this.ports.rows.list({ tenantId, id, limit: 1 });
    return row;
  }

  /** Newest first. */
  list(query: RowQuery): Promise<readonly ArtifactRow[]> {
    return this.ports.rows.list(query);
  }

  /** The content is on disk before a row refers to it; what a crash leaves between the two is collected later. */
  private async keep(wanted: NewArtifact, clean: Scrubbed, id: ArtifactId, form: Buffer): Promise<ArtifactRow> {
    const { tenantId, kind, parent } = wanted;
    const { rows, blobs, quota, clock, telemetry } = this.ports;
    if (parent !== undefined && !(await rows.has(tenantId, parent))) throw parentError('unknown');
    const row: Omit<ArtifactRow, 'seq'> = {
      ...{ tenantId, id, kind, parent, redacted: clean.redacted },
      ...{ tags: [...new Set(clean.tags)], metadata: clean.metadata },
      ...{ createdMs: clock.epochMs(), sizeBytes: form.length },
    };
    const kept = await quota.within(row, async () => {
      await blobs.write(id, form);
      const numbered = { ...row, seq: await this.nextSeq() };
      const fault = await rows.add(numbered);
      if (fault !== undefined) throw parentError(fault);
      return numbered;
    });
    telemetry.kept(kept);
    return kept;
  }

  private async contentOf({ id, kind }: ArtifactRow): Promise<Uint8Array> {
    const form = await this.ports.blobs.read(id);
    if (form !== undefined && (await artifactIdOf(form)) === id) return contentIn(form, kind);
    this.ports.telemetry.damaged(id, form === undefined ? 'is not on the disk' : 'is not what was written');
    throw new AppError('INTERNAL', 'the content of this artifact is damaged; put it again, or restore a backup');
  }

  /** Counted here, so that the order of rows is that in which they were kept. */
  private async nextSeq(): Promise<number> {
    this.newestSeq ??= this.ports.rows.lastSeq();
    const seq = this.newestSeq.then((newest) => newest + 1);
    this.newestSeq = seq.catch(() => this.ports.rows.lastSeq());
    return seq;
  }
}

function checkMetadata(metadata: object): void {
  if (Buffer.byteLength(JSON.stringify(metadata)) <= METADATA_BYTES) return;
  throw invalidParams([{ pointer: '/metadata', message: `must be at most ${METADATA_BYTES} bytes of JSON` }]);
}

function parentError(fault: ParentFault): AppError {
  const violation: Violation = { pointer: '/parent', message: PARENT_FAULTS[fault] };
  return invalidParams([violation]);
}
