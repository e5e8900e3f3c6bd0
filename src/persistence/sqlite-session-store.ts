import type Database from 'better-sqlite3';
import { type Statement } from 'better-sqlite3';
import { type SessionId } from '../kernel/ids.js';
import { type SessionName, type SessionRecord, SessionStore } from '../sessions/session-store.js';

interface Row {
  readonly tenant_id: string;
  readonly session_id: string;
  readonly turns: number;
  readonly used_tokens: number;
  readonly used_time_ms: number;
  readonly used_cost: number;
  readonly last_replica: string | null;
  readonly open_tasks: number;
  readonly created_ms: number;
  readonly expires_ms: number;
  readonly correlation_id: string;
  readonly client_id: string | null;
  readonly user_agent: string | null;
}

const COLUMNS = [
  'tenant_id',
  'session_id',
  'turns',
  'used_tokens',
  'used_time_ms',
  'used_cost',
  'last_replica',
  'open_tasks',
  'created_ms',
  'expires_ms',
  'correlation_id',
  'client_id',
  'user_agent',
] as const satisfies readonly (keyof Row)[];

/** Sessions in a table of SQLite: every write is one transaction that is on the disk when it returns. */
export class SqliteSessionStore extends SessionStore {
  private readonly selectAll: Statement<Row>;
  private readonly put: Statement<unknown>;
  private readonly drop: Statement<unknown>;
  private readonly writeAll: (changed: readonly SessionRecord[], removed: readonly SessionName[]) => void;

  constructor(private readonly db: Database) {
    super();
    const values = COLUMNS.map((column) => `@${column}`).join(', ');
    this.selectAll = db.prepare<Row>(`SELECT ${COLUMNS.join(', ')} FROM sessions ORDER BY created_ms, session_id`);
    this.put = db.prepare(`INSERT OR REPLACE INTO sessions (${COLUMNS.join(', ')}) VALUES (${values})`);
    this.drop = db.prepare('DELETE FROM sessions WHERE tenant_id = @tenantId AND session_id = @id');
    this.writeAll = db.transaction((changed: readonly SessionRecord[], removed: readonly SessionName[]) => {
      for (const { tenantId, id } of removed) this.drop.run({ tenantId, id });
      for (const record of changed) this.put.run({ ...rowOf(record) });
    });
  }

  override load(): readonly SessionRecord[] {
    return this.selectAll.all().map(recordOf);
  }

  override write(changed: readonly SessionRecord[], removed: readonly SessionName[]): void {
    this.writeAll(changed, removed);
  }

  override close(): void {
    if (this.db.open) this.db.close();
  }
}

function rowOf(record: SessionRecord): Row {
  const { used, origin } = record;
  return {
    tenant_id: record.tenantId,
    session_id: record.id,
    turns: record.turns,
    used_tokens: used.tokens,
    used_time_ms: used.timeMs,
    used_cost: used.cost,
    last_replica: record.lastReplica ?? null,
    open_tasks: record.openTasks,
    created_ms: record.createdMs,
    expires_ms: record.expiresMs,
    correlation_id: origin.correlationId,
    client_id: origin.clientId ?? null,
    user_agent: origin.userAgent ?? null,
  };
}

function recordOf(row: Row): SessionRecord {
  return {
    tenantId: row.tenant_id,
    id: row.session_id as SessionId,
    turns: row.turns,
    used: { tokens: row.used_tokens, timeMs: row.used_time_ms, cost: row.used_cost },
    lastReplica: row.last_replica ?? undefined,
    openTasks: row.open_tasks,
    createdMs: row.created_ms,
    expiresMs: row.expires_ms,
    origin: {
      correlationId: row.correlation_id,
      clientId: row.client_id ?? undefined,
      userAgent: row.user_agent ?? undefined,
    },
  };
}
