import { type AuditRow } from '../../audit/audit-log.js';
import { type Logger } from '../../observability/logger.js';
import { type Metrics } from '../../observability/metrics.js';

/** What operators see of the log itself. */
export class AuditTelemetry {
  private failing = false;

  constructor(
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {
    metrics.auditChainOk.set(1);
  }

  showBacklog(rows: () => number, ageMs: () => number): void {
    this.metrics.beforeScrape(() => {
      this.metrics.auditPending.set(rows());
      this.metrics.auditLag.set(ageMs() / 1000);
    });
  }

  written(action: AuditRow['action'], tookMs?: number): void {
    this.metrics.auditRows.inc({ action });
    if (tookMs !== undefined) this.metrics.auditAppend.observe(tookMs / 1000);
  }

  /** A copy of this line kept elsewhere is an anchor: it shows even that the whole log was put back to an older one. */
  signed(seq: number, hash: string): void {
    this.logger.info('audit', `audit checkpoint at row ${seq}`, { seq, hash });
  }

  failed(error: unknown): void {
    this.metrics.auditErrors.inc();
    if (this.failing) return;
    this.failing = true;
    const message = 'the audit cannot be written; what must be audited is refused until the data folder takes it';
    this.logger.error('audit', message, { error: error instanceof Error ? error.message : String(error) });
  }

  recovered(): void {
    if (this.failing) this.logger.info('audit', 'the audit can be written again');
    this.failing = false;
  }

  damaged(what: string): void {
    this.metrics.auditChainOk.set(0);
    this.logger.error('audit', `${what}; llama-orch audit verify tells more`);
  }

  notDropped(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.logger.warn('audit', `old audit rows could not be dropped: ${reason}; it is tried again within the hour`);
  }

  dropped(fromSeq: number, toSeq: number): void {
    this.logger.info(
      'audit',
      `audit rows ${fromSeq} to ${toSeq} were dropped: they are older than audit.retention_days`,
    );
  }
}
