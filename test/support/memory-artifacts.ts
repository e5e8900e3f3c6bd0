import { type ArtifactId } from '../../src/artifacts/artifact-id.js';
import { ArtifactRows, type ParentFault, type RowFacts } from '../../src/artifacts/artifact-rows.js';
import { type ArtifactKind, type ArtifactRow, KEEP_TAG, type RowQuery } from '../../src/artifacts/artifact.js';
import { Blobs } from '../../src/artifacts/blobs.js';

/** Rows as the store has them, in words of TypeScript; every call takes effect when `turn` lets it. */
export class MemoryArtifactRows extends ArtifactRows {
  rows: ArtifactRow[] = [];
  private newest = 0;

  constructor(private readonly turn: (what: string) => Promise<void> = async () => {}) {
    super();
  }

  override async lastSeq(): Promise<number> {
    await this.turn('lastSeq');
    return this.newest;
  }

  override async add(row: ArtifactRow): Promise<ParentFault | undefined> {
    await this.turn('add');
    const fault = this.parentFault(row);
    if (fault !== undefined) return fault;
    this.rows.push(row);
    this.newest = Math.max(this.newest, row.seq);
    return undefined;
  }

  override async list(query: RowQuery): Promise<readonly ArtifactRow[]> {
    await this.turn('list');
    const { tenantId, id, tags = [], kind, parent, sinceMs = 0, beforeSeq = Infinity, limit } = query;
    return this.rows
      .filter((row) => row.tenantId === tenantId && row.createdMs >= sinceMs && row.seq < beforeSeq)
      .filter(
        (row) => (id ?? row.id) === row.id && (kind ?? row.kind) === row.kind && (parent ?? row.parent) === row.parent,
      )
      .filter((row) => tags.every((tag) => row.tags.includes(tag)))
      .toSorted((a, b) => b.seq - a.seq)
      .slice(0, limit);
  }

  override async has(tenantId: string, id: ArtifactId): Promise<boolean> {
    await this.turn('has');
    return this.of(tenantId, id).length > 0;
  }

  override async bytesOf(tenantId: string): Promise<number> {
    await this.turn('bytesOf');
    return sumOf(this.rows.filter((row) => row.tenantId === tenantId));
  }

  override async allBytes(): Promise<number> {
    await this.turn('allBytes');
    return sumOf(this.rows);
  }

  override async expired(kind: ArtifactKind, beforeMs: number, limit: number): Promise<readonly number[]> {
    await this.turn('expired');
    return this.mortal()
      .filter((row) => row.kind === kind && row.createdMs < beforeMs)
      .toSorted((a, b) => a.createdMs - b.createdMs)
      .slice(0, limit)
      .map(({ seq }) => seq);
  }

  override async oldest(afterSeq: number, limit: number): Promise<readonly RowFacts[]> {
    await this.turn('oldest');
    return this.mortal()
      .filter(({ seq }) => seq > afterSeq)
      .toSorted((a, b) => a.seq - b.seq)
      .slice(0, limit)
      .map(({ seq, id, sizeBytes }) => ({
        seq,
        id,
        sizeBytes,
        rowsOfId: this.rows.filter((row) => row.id === id).length,
      }));
  }

  override async remove(seqs: readonly number[]): Promise<void> {
    await this.turn('remove rows');
    this.rows = this.rows.filter(({ seq }) => !seqs.includes(seq));
  }

  override async unreferenced(ids: readonly ArtifactId[]): Promise<readonly ArtifactId[]> {
    await this.turn('unreferenced');
    return ids.filter((id) => !this.rows.some((row) => row.id === id));
  }

  private of(tenantId: string, id: ArtifactId): ArtifactRow[] {
    return this.rows.filter((row) => row.tenantId === tenantId && row.id === id);
  }

  private mortal(): ArtifactRow[] {
    return this.rows.filter(({ tags }) => !tags.includes(KEEP_TAG));
  }

  private parentFault({ tenantId, id, parent }: ArtifactRow): ParentFault | undefined {
    if (parent === undefined) return undefined;
    if (this.of(tenantId, parent).length === 0) return 'unknown';
    const ancestors = new Set([parent]);
    for (const one of ancestors)
      for (const row of this.of(tenantId, one)) if (row.parent !== undefined) ancestors.add(row.parent);
    return ancestors.has(id) ? 'circle' : undefined;
  }
}

export class MemoryBlobs extends Blobs {
  readonly blobs = new Map<ArtifactId, Uint8Array>();

  constructor(private readonly turn: (what: string) => Promise<void> = async () => {}) {
    super();
  }

  override async write(id: ArtifactId, form: Uint8Array): Promise<void> {
    await this.turn('write');
    this.blobs.set(id, form);
    await this.turn('written');
  }

  override async read(id: ArtifactId): Promise<Uint8Array | undefined> {
    await this.turn('read');
    return this.blobs.get(id);
  }

  override async remove(id: ArtifactId): Promise<number> {
    await this.turn('remove');
    const bytes = this.blobs.get(id)?.length ?? 0;
    this.blobs.delete(id);
    await this.turn('removed');
    return bytes;
  }

  override async *all(): AsyncIterable<readonly ArtifactId[]> {
    for (const id of [...this.blobs.keys()]) {
      await this.turn('all');
      yield [id];
    }
  }
}

function sumOf(rows: readonly ArtifactRow[]): number {
  return [...new Map(rows.map(({ id, sizeBytes }) => [id, sizeBytes])).values()].reduce((sum, bytes) => sum + bytes, 0);
}
