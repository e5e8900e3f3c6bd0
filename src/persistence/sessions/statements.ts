export const SESSION_COLUMNS = [
  'tenant_id',
  'session_id',
  'turns',
  'used_tokens',
  'used_time_ms',
  'used_cost',
  'last_replica',
  'open_tasks',
  'charges',
  'created_ms',
  'expires_ms',
  'correlation_id',
  'client_id',
  'user_agent',
] as const;

const COLUMNS = SESSION_COLUMNS.join(', ');
const VALUES = SESSION_COLUMNS.map((column) => `@${column}`).join(', ');

export const SESSION_STATEMENTS = {
  allSessions: `SELECT ${COLUMNS} FROM sessions ORDER BY created_ms, session_id`,
  putSession: `INSERT OR REPLACE INTO sessions (${COLUMNS}) VALUES (${VALUES})`,
  dropSession: 'DELETE FROM sessions WHERE tenant_id = @tenantId AND session_id = @id',
} as const;
