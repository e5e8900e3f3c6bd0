import { type AuditEntry, type AuditLog } from '../audit/audit-log.js';
import { type Logger } from '../observability/logger.js';
import { type Replica } from './replica.js';

/** Puts into the audit what becomes of replicas: which are loaded, and which are lost, and why. */
export class LifecycleLog {
  constructor(
    private readonly audit: Pick<AuditLog, 'append'>,
    private readonly logger: Logger,
  ) {}

  loaded({ id, endpoint }: Replica, tookMs: number): void {
    const reason = `model ${endpoint.model.id} has loaded after ${Math.round(tookMs)} ms`;
    this.record({ target: id, decision: 'ok', code: 'ready', reason });
  }

  /** @param state `backoff`, or `failed` when its starts have failed too often */
  failed({ id }: Replica, state: string, reason: string): void {
    this.record({ target: id, decision: 'failed', code: state, reason });
  }

  /** No replica waits for the disk. */
  private record(what: Pick<AuditEntry, 'target' | 'decision' | 'code' | 'reason'>): void {
    const by = { actor: 'system', tenant: 'default', action: 'pool.lifecycle', correlation_id: null } as const;
    this.audit.append({ ...by, ...what }).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      this.logger.error('audit', `what became of a replica is not in the audit: ${reason}`, {
        replica_id: what.target,
      });
    });
  }
}
