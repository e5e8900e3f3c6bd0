import { type AuditEntry, AuditLog, type AuditRow } from '../../../audit/audit-log.js';

/** Writes what became of downloads to the log of the provisioning: the audit belongs to the daemon, which may run now. */
export class DownloadRecord extends AuditLog {
  private rows = 0;

  constructor(private readonly write: (line: string) => void) {
    super();
  }

  override async append(entry: AuditEntry): Promise<number> {
    const { action, decision, code, reason, url, decision_id } = entry;
    this.write(`${action}: ${decision} ${code ?? ''} ${url ?? ''} ${reason ?? ''} ${decision_id ?? ''}`.trimEnd());
    this.rows += 1;
    return this.rows;
  }

  override read(): Promise<readonly AuditRow[]> {
    return Promise.resolve([]);
  }

  override recordOf(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  override get head(): { readonly seq: number; readonly hash: string } {
    return { seq: this.rows, hash: '' };
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}
