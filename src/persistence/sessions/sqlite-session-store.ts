import { type SessionId } from '../../kernel/ids.js';
import { type SessionChanges, type SessionRecord, SessionStore } from '../../sessions/session-store.js';
import { type Store, type Write } from '../store/store.js';
import { type SESSION_COLUMNS } from './statements.js';

interface Row {
  readonly tenant_id: string;
  readonly session_id: string;
  readonly turns: number;
  readonly used_tokens: number;
  readonly used_time_ms: number;
  readonly used_cost: number;
  readonly last_replica: string | null;
  readonly open_tasks: number;
  readonly charges: string;
  readonly created_ms: number;
  readonly expires_ms: number;
  readonly correlation_id: string;
  readonly client_id: string | null;
  readonly user_agent: string | null;
}

type Values = Readonly<Record<(typeof SESSION_COLUMNS)[number], string | number | null>>;

/** Sessions in a table of the store. */
export class SqliteSessionStore extends SessionStore {
  private constructor(
    private readonly store: Store,
    private readonly atStart: readonly SessionRecord[],
  ) {
    super();
  }

  /** Reads what is there. */
  static async on(store: Store): Promise<SqliteSessionStore> {
    const rows = await store.read<Row>('allSessions');
    return new SqliteSessionStore(store, rows.map(recordOf));
  }

  override load(): readonly SessionRecord[] {
    return this.atStart;
  }

  override write(changes: SessionChanges): Promise<void> {
    return this.store.write(sessionWrites(changes));
  }
}

/** The changes as a part of a larger unit. */
export function sessionWrites({ changed, removed }: SessionChanges): readonly Write[] {
  return [
    ...removed.map(({ tenantId, id }) => ({ statement: 'dropSession', values: { tenantId, id } })),
    ...changed.map((record) => ({ statement: 'putSession', values: rowOf(record) })),
  ];
}

function rowOf(record: SessionRecord): Values {
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
    charges: JSON.stringify(record.charges),
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
    charges: JSON.parse(row.charges) as SessionRecord['charges'],
    createdMs: row.created_ms,
    expiresMs: row.expires_ms,
    origin: {
      correlationId: row.correlation_id,
      clientId: row.client_id ?? undefined,
      userAgent: row.user_agent ?? undefined,
    },
  };
}
