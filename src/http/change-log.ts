import { type AuditAction, type AuditEntry, type AuditLog } from '../audit/audit-log.js';
import { type Clock } from '../kernel/clock.js';
import { AppError } from '../kernel/errors.js';
import { type Logger } from '../observability/logger.js';
import { type RequestFacts } from './request-facts.js';

/** What an operator changes. */
export interface Change {
  readonly action: AuditAction;
  readonly target: string;
  /** What is wanted, in words. */
  readonly wanted: string;
}

/** Puts into the audit who changed what, and what came of it. */
export class ChangeLog {
  constructor(
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Runs a change; its row is on disk when this settles. @throws what the change throws */
  async record<Result>(facts: RequestFacts, change: Change, run: () => Promise<Result>): Promise<Result> {
    const beganAt = this.clock.now();
    const outcome = async (more: Pick<AuditEntry, 'decision' | 'code' | 'reason'>) =>
      this.append({ ...entryOf(facts, change), ...more, latency_us: (this.clock.now() - beganAt) * 1_000 });
    try {
      const result = await run();
      await outcome({ decision: 'ok', reason: change.wanted });
      return result;
    } catch (error) {
      const code = error instanceof AppError ? error.code : 'INTERNAL';
      const reason = error instanceof Error ? error.message : 'it failed';
      await outcome({ decision: 'failed', code, reason: `${change.wanted}: ${reason}` });
      throw error;
    }
  }

  /** An operator has to be able to act on a full disk, so a change is not refused for its row: the log tells of it. */
  private async append(entry: AuditEntry): Promise<void> {
    await this.audit.append(entry).catch((error: unknown) => {
      const { action, target, actor, decision } = entry;
      const reason = error instanceof Error ? error.message : String(error);
      this.logger.error('audit', `a change is not in the audit: ${reason}`, { action, target, actor, decision });
    });
  }
}

function entryOf({ caller, correlationId }: RequestFacts, { action, target }: Change) {
  const { keyId, tenantId } = caller;
  return { actor: keyId ?? 'local', tenant: tenantId, action, target, correlation_id: correlationId };
}
