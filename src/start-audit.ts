import { createHash } from 'node:crypto';
import { type AuditLog } from './audit/audit-log.js';
import { type Config, redacted } from './config/index.js';
import { canonicalJson } from './kernel/canonical-json.js';
import { type Logger } from './observability/logger.js';

/** Puts into the audit which configuration this start runs with. A disk that is full keeps no daemon from starting. */
export async function auditStart(audit: AuditLog, config: Config, version: string, logger: Logger): Promise<void> {
  const digest = `sha256:${createHash('sha256')
    .update(canonicalJson(redacted(config)))
    .digest('hex')}`;
  const by = { actor: 'system', tenant: 'default', action: 'config.load', correlation_id: null } as const;
  await audit.append({ ...by, target: 'config', decision: 'ok', version, digest }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    logger.error('audit', `the configuration of this start is not in the audit: ${reason}`, { digest });
  });
}
