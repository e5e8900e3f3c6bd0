import { type AuditEntry, AuditLog, type AuditRow, type DecisionRecord } from '../../audit/audit-log.js';

/** An audit that is gone with the attack. */
export class RowsInMemory extends AuditLog {
  readonly entries: AuditEntry[] = [];
  readonly records: (DecisionRecord | undefined)[] = [];

  override async append(entry: AuditEntry, record?: DecisionRecord): Promise<number> {
    this.records.push(record);
    return this.entries.push(entry);
  }

  override async recordOf(seq: number): Promise<DecisionRecord | undefined> {
    return this.records[seq - 1];
  }

  override async read(): Promise<readonly AuditRow[]> {
    return [];
  }

  override get head(): { readonly seq: number; readonly hash: string } {
    return { seq: this.entries.length, hash: '' };
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}
