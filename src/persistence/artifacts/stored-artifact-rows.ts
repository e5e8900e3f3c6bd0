import { type ArtifactId } from '../../artifacts/artifact-id.js';
import { ArtifactRows, type ParentFault, type RowFacts } from '../../artifacts/artifact-rows.js';
import {
  type ArtifactKind,
  type ArtifactRow,
  type JsonObject,
  KEEP_TAG,
  type RowQuery,
} from '../../artifacts/artifact.js';
import { StoreFailure } from '../store/store-failure.js';
import { type SqlValues, type Store } from '../store/store.js';
import { type ARTIFACT_STATEMENTS } from './statements.js';

type Statement = keyof typeof ARTIFACT_STATEMENTS;

interface Row {
  readonly seq: number;
  readonly tenant_id: string;
  readonly artifact_id: string;
  readonly kind: ArtifactKind;
  readonly tags: string;
  readonly parent: string | null;
  readonly metadata: string;
  readonly created_ms: number;
  readonly size_bytes: number;
  readonly redacted: number;
}

/** By the names of the constraints that tell them. */
const PARENT_FAULTS: readonly (readonly [string, ParentFault])[] = [
  ['parent_is_there', 'unknown'],
  ['no_circle', 'circle'],
];

/** Rows of artifacts in tables of the store. */
export class StoredArtifactRows extends ArtifactRows {
  constructor(private readonly store: Store) {
    super();
  }

  override async lastSeq(): Promise<number> {
    const [last] = await this.read<{ readonly seq: number | null }>('lastArtifact');
    return last?.seq ?? 0;
  }

  override async add(row: ArtifactRow): Promise<ParentFault | undefined> {
    try {
      await this.store.write([{ statement: 'addArtifact' satisfies Statement, values: valuesOf(row) }]);
      return undefined;
    } catch (error) {
      const fault = parentFaultIn(error);
      if (fault === undefined) throw error;
      return fault;
    }
  }

  override async list(query: RowQuery): Promise<readonly ArtifactRow[]> {
    const { tenantId, id, tags = [], kind, parent, sinceMs, beforeSeq, limit } = query;
    const rows = await this.read<Row>(leadOf(query), {
      ...{ tenantId, limit, id: id ?? null, kind: kind ?? null, parent: parent ?? null },
      ...{ tags: JSON.stringify(tags), sinceMs: sinceMs ?? 0, beforeSeq: beforeSeq ?? Number.MAX_SAFE_INTEGER },
    });
    return rows.map(rowOf);
  }

  override async has(tenantId: string, id: ArtifactId): Promise<boolean> {
    return (await this.read('artifactHolding', { tenantId, id })).length > 0;
  }

  override async bytesOf(tenantId: string): Promise<number> {
    const [found] = await this.read<{ readonly bytes: number }>('artifactBytes', { tenantId });
    return found?.bytes ?? 0;
  }

  override allBytes(): Promise<number> {
    return this.bytesOf('');
  }

  override async expired(kind: ArtifactKind, beforeMs: number, limit: number): Promise<readonly number[]> {
    const rows = await this.read<{ readonly seq: number }>('expiredArtifacts', { kind, beforeMs, limit });
    return rows.map(({ seq }) => seq);
  }

  override async oldest(afterSeq: number, limit: number): Promise<readonly RowFacts[]> {
    const rows = await this.read<Row & { readonly rows_of_id: number }>('oldestArtifacts', { afterSeq, limit });
    return rows.map(({ seq, artifact_id, size_bytes, rows_of_id }) => ({
      ...{ seq, id: artifact_id as ArtifactId, sizeBytes: size_bytes, rowsOfId: rows_of_id },
    }));
  }

  override remove(seqs: readonly number[]): Promise<void> {
    const values = { seqs: JSON.stringify(seqs) };
    return this.store.write([{ statement: 'removeArtifacts' satisfies Statement, values }]);
  }

  override async unreferenced(ids: readonly ArtifactId[]): Promise<readonly ArtifactId[]> {
    const rows = await this.read<{ readonly id: string }>('unreferencedArtifacts', { ids: JSON.stringify(ids) });
    return rows.map(({ id }) => id as ArtifactId);
  }

  private read<Found>(query: Statement, values?: SqlValues): Promise<readonly Found[]> {
    return this.store.read<Found>(query, values);
  }
}

/** The filter that leaves the fewest rows to be looked at leads to them. */
function leadOf({ id, parent, tags = [], kind }: RowQuery): Statement {
  if (id !== undefined) return 'artifactsById';
  if (parent !== undefined) return 'artifactsByParent';
  if (tags.length > 0) return 'artifactsByTag';
  return kind === undefined ? 'artifactsOf' : 'artifactsByKind';
}

function valuesOf(row: ArtifactRow): SqlValues {
  const { seq, tenantId, id, kind, createdMs, sizeBytes } = row;
  return {
    ...{ seq, tenantId, id, kind, createdMs, sizeBytes, parent: row.parent ?? null },
    ...{ tags: JSON.stringify(row.tags), metadata: JSON.stringify(row.metadata) },
    ...{ redacted: Number(row.redacted), isKept: Number(row.tags.includes(KEEP_TAG)) },
  };
}

function rowOf(row: Row): ArtifactRow {
  return {
    ...{ seq: row.seq, tenantId: row.tenant_id, id: row.artifact_id as ArtifactId, kind: row.kind },
    ...{ tags: JSON.parse(row.tags) as string[], metadata: JSON.parse(row.metadata) as JsonObject },
    ...{ parent: (row.parent ?? undefined) as ArtifactId | undefined, createdMs: row.created_ms },
    ...{ sizeBytes: row.size_bytes, redacted: row.redacted === 1 },
  };
}

function parentFaultIn(error: unknown): ParentFault | undefined {
  if (!(error instanceof StoreFailure) || error.reason !== 'constraint') return undefined;
  return PARENT_FAULTS.find(([constraint]) => error.detail.includes(constraint))?.[1];
}
