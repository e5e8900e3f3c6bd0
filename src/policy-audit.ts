import { type AuditEntry, type AuditLog } from './audit/audit-log.js';
import { type Logger } from './observability/logger.js';
import { type PolicyNews, type PolicyNewsItem } from './policy-host/policy-news.js';

/** Writes what becomes of policies into the audit: the host of policies does not know it. */
export function auditPolicies(news: PolicyNews, audit: Pick<AuditLog, 'append'>, logger: Logger): void {
  news.read((item) => {
    audit.append(entryOf(item)).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      logger.error('policy', `a change of a policy could not be recorded: ${reason}`, { policy: item.policy.id });
    });
  });
}

function entryOf(item: PolicyNewsItem): AuditEntry {
  const { id, version, digest } = item.policy;
  return {
    actor: 'system',
    tenant: 'default',
    target: id,
    plugin: id,
    version,
    digest,
    correlation_id: null,
    ...change(item),
  };
}

function change(item: PolicyNewsItem): Pick<AuditEntry, 'action' | 'decision' | 'code' | 'reason'> {
  switch (item.type) {
    case 'loaded':
      return { action: 'policy.load', decision: 'ok' };
    case 'swapped':
      return { action: 'policy.swap', decision: 'ok', reason: `in place of ${item.before}` };
    case 'not-swapped':
      return { action: 'policy.swap', decision: 'failed', reason: item.policy.error };
    case 'quarantined':
      return { action: 'policy.quarantine', decision: 'ok', code: 'QUARANTINED', reason: item.policy.error };
    case 'restored':
      return { action: 'policy.quarantine', decision: 'ok', code: 'RESTORED', reason: 'it kept to its bounds again' };
  }
}
