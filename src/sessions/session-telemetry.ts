import { Counter } from 'prom-client';
import { type Logger } from '../observability/logger.js';
import { type Metrics } from '../observability/metrics.js';
import { type Session } from './session.js';

/** Writes what happens to sessions into metrics and log. */
export class SessionTelemetry {
  private readonly denied: Counter | undefined;
  private readonly brakes: Counter | undefined;

  /** The series of budgets exist only while budgets do. */
  constructor(
    private readonly metrics: Metrics,
    private readonly logger: Logger,
    budgetsAreActive: boolean,
  ) {
    if (!budgetsAreActive) return;
    const registers = [metrics.registry];
    this.denied = new Counter({
      name: 'llama_orch_budget_denied_total',
      help: 'Tasks that a session budget could not cover.',
      registers,
    });
    this.brakes = new Counter({
      name: 'llama_orch_budget_brakes_total',
      help: 'Tasks stopped because the budget was used up.',
      registers,
    });
  }

  /** `count` is read right before each scrape. */
  showActive(count: () => number): void {
    this.metrics.beforeScrape(() => this.metrics.sessionsActive.set(count()));
  }

  restored(sessions: number, interrupted: number): void {
    if (sessions === 0) return;
    const message = `${sessions} sessions restored; ${interrupted} had running tasks, what those had reserved is free again`;
    this.logger.info('sessions', message, { sessions, interrupted });
  }

  opened(session: Session): void {
    this.logger.info('session', 'session opened', fieldsOf(session));
  }

  removed(session: Session, reason: 'expired' | 'deleted'): void {
    this.metrics.sessionEvictions.inc({ reason });
    this.logger.info('session', `session ${reason}`, { ...fieldsOf(session), turns: session.turns, reason });
  }

  budgetDenied(): void {
    this.denied?.inc();
  }

  braked(): void {
    this.brakes?.inc();
  }

  storeFailed(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.logger.error('sessions', `sessions could not be written, it is tried again: ${reason}`);
  }
}

function fieldsOf({ id, tenantId, origin }: Session) {
  return {
    session_id: id,
    tenant_id: tenantId,
    correlation_id: origin.correlationId,
    client_id: origin.clientId,
    user_agent: origin.userAgent,
  };
}
