import { sessionKey } from '../../src/kernel/ids.js';
import { type SessionChanges, type SessionRecord, SessionStore } from '../../src/sessions/session-store.js';

/** A store that outlives the sessions of a test, as a file would; it can be broken. */
export class MemorySessionStore extends SessionStore {
  readonly records = new Map<string, SessionRecord>();
  writes = 0;
  full = false;

  override load(): readonly SessionRecord[] {
    return [...this.records.values()].sort((a, b) => a.createdMs - b.createdMs);
  }

  override async write({ changed, removed }: SessionChanges): Promise<void> {
    if (this.full) throw new Error('database or disk is full');
    this.writes++;
    for (const { tenantId, id } of removed) this.records.delete(sessionKey(tenantId, id));
    for (const record of changed) this.records.set(sessionKey(record.tenantId, record.id), record);
  }
}
