import { CatalogStore, type DigestStamp, type Removal } from '../../catalog/catalog-store.js';
import { type CatalogEntry } from '../../catalog/entry.js';
import { type Store, type Write } from '../store/store.js';

interface ModelRow {
  readonly entry: string;
}

interface RemovalRow {
  readonly id: string;
  readonly digest: string | null;
  readonly due_ms: number;
}

interface StampRow {
  readonly path: string;
  readonly mark: string;
  readonly digest: string;
  readonly size_bytes: number;
}

/** The catalog in tables of the store. */
export class SqlCatalogStore extends CatalogStore {
  constructor(private readonly store: Store) {
    super();
  }

  override async load(): Promise<readonly CatalogEntry[]> {
    const rows = await this.store.read<ModelRow>('listModels');
    return rows.map(({ entry }) => entryOf(entry));
  }

  override async put(entries: readonly CatalogEntry[]): Promise<void> {
    await this.store.write(entries.map(writeOf));
  }

  override async remove(removal: Removal): Promise<void> {
    const { id, digest = null, dueMs } = removal;
    await this.store.write([
      { statement: 'dropModel', values: { id } },
      { statement: 'putRemoval', values: { id, digest, due_ms: dueMs } },
    ]);
  }

  override async removals(): Promise<readonly Removal[]> {
    const rows = await this.store.read<RemovalRow>('listRemovals');
    return rows.map(({ id, digest, due_ms }) => ({ id, digest: digest ?? undefined, dueMs: Number(due_ms) }));
  }

  override async settle({ id, dueMs }: Removal): Promise<void> {
    await this.store.write([{ statement: 'dropRemoval', values: { id, due_ms: dueMs } }]);
  }

  override async stampOf(path: string): Promise<DigestStamp | undefined> {
    const [row] = await this.store.read<StampRow>('findStamp', { path });
    return row && { path: row.path, mark: row.mark, digest: row.digest, sizeBytes: Number(row.size_bytes) };
  }

  /** It can be worked out again, so that nobody waits for the disk. */
  override async keepStamp({ path, mark, digest, sizeBytes }: DigestStamp): Promise<void> {
    const values = { path, mark, digest, size_bytes: sizeBytes };
    await this.store.write([{ statement: 'putStamp', values }], 'relaxed');
  }
}

function writeOf(entry: CatalogEntry): Write {
  const { id, state, digest = null, createdMs } = entry;
  return {
    statement: 'putModel',
    values: { id, state, digest, created_ms: createdMs, entry: JSON.stringify(entry) },
  };
}

/** A verification that was under way has nobody any more who would end it. */
function entryOf(text: string): CatalogEntry {
  const entry = JSON.parse(text) as CatalogEntry;
  const { lastVerification } = entry;
  if (lastVerification?.state !== 'running') return entry;
  const ended = { ...lastVerification, state: 'warn', reason: 'interrupted' } as const;
  return { ...entry, lastVerification: { ...ended, finishedMs: lastVerification.startedMs } };
}
