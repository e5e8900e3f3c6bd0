import { type Counter, type Gauge, type Histogram } from 'prom-client';
import { type Logger } from '../observability/logger.js';
import { type Metrics } from '../observability/metrics.js';
import { type PolicyStatus } from './policies.js';
import { type ChainCall, type PolicyOutcome } from './sandbox/chain.js';

const CALL_BUCKETS = [0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.02, 0.1, 0.25];
const LEVELS: Readonly<Record<string, 'debug' | 'info' | 'warn' | 'error'>> = {
  info: 'info',
  warn: 'warn',
  error: 'error',
};

/** Writes what policies do into metrics and log. Made where one is asked. */
export class PolicyTelemetry {
  private readonly calls: Counter<'plugin' | 'decision'>;
  private readonly seconds: Histogram<'plugin'>;
  private readonly fuel: Counter<'plugin'>;
  private readonly quarantines: Counter<'plugin'>;
  private readonly quarantined: Gauge<'plugin'>;
  private readonly swaps: Counter<'plugin' | 'result'>;

  constructor(
    metrics: Metrics,
    private readonly logger: Logger,
  ) {
    this.calls = metrics.counter('llama_orch_policy_calls_total', 'Questions to policies by their answer.', [
      'plugin',
      'decision',
    ]);
    this.seconds = metrics.histogram('llama_orch_policy_call_seconds', 'Time of one policy.', CALL_BUCKETS, ['plugin']);
    this.fuel = metrics.counter('llama_orch_policy_fuel_total', 'Fuel that policies took.', ['plugin']);
    this.quarantines = metrics.counter('llama_orch_policy_quarantines_total', 'Policies switched off.', ['plugin']);
    this.quarantined = metrics.gauge('llama_orch_policy_quarantined', '1 while a policy is not asked.', ['plugin']);
    this.swaps = metrics.counter('llama_orch_policy_swaps_total', 'Changed modules, taken or not.', [
      'plugin',
      'result',
    ]);
  }

  decided({ event }: ChainCall, outcomes: readonly PolicyOutcome[]): void {
    for (const outcome of outcomes) {
      const plugin = outcome.policy;
      this.calls.inc({ plugin, decision: wordOf(outcome) });
      this.seconds.observe({ plugin }, outcome.latencyUs / 1e6);
      this.fuel.inc({ plugin }, outcome.fuel);
      this.log(outcome, event.correlationId, event.decisionId);
    }
  }

  loaded(policy: PolicyStatus): void {
    this.quarantined.set({ plugin: policy.id }, 0);
    this.logger.info('policy', 'policy loaded', { ...facts(policy), took_ms: policy.loadMs });
  }

  swapped(policy: PolicyStatus, before: string): void {
    this.swaps.inc({ plugin: policy.id, result: 'ok' });
    this.quarantined.set({ plugin: policy.id }, 0);
    this.logger.info('policy', 'policy swapped', { ...facts(policy), before, took_ms: policy.loadMs });
  }

  notSwapped(policy: PolicyStatus): void {
    this.swaps.inc({ plugin: policy.id, result: 'failed' });
    const message = `policy ${policy.id} has changed and is not loaded: ${policy.error}; the version before goes on`;
    this.logger.error('policy', message, facts(policy));
  }

  switchedOff(policy: PolicyStatus): void {
    this.quarantines.inc({ plugin: policy.id });
    this.quarantined.set({ plugin: policy.id }, 1);
    this.logger.error('policy', `policy ${policy.id} is in quarantine: ${policy.error}`, facts(policy));
  }

  switchedOn(policy: PolicyStatus): void {
    this.quarantined.set({ plugin: policy.id }, 0);
    const message = `policy ${policy.id} kept to its bounds when it was tried, and is asked again`;
    this.logger.info('policy', message, facts(policy));
  }

  /** The module cannot be kept for replay. */
  notKept(id: string, reason: string): void {
    const message = `the module of policy ${id} could not be kept, so its decisions cannot be replayed: ${reason}`;
    this.logger.warn('policy', message, { policy: id });
  }

  private log(outcome: PolicyOutcome, correlationId: string, decisionId: string): void {
    const { policy, version, digest, hook, counts, decision, error, fuel, latencyUs } = outcome;
    const ids = { policy, version, digest, hook, correlation_id: correlationId, decision_id: decisionId };
    this.logger.log(error === undefined ? 'info' : 'warn', 'policy', error?.message ?? 'policy decided', {
      ...ids,
      decision: wordOf(outcome),
      code: error?.code ?? decision?.code,
      counts,
      fuel,
      latency_us: latencyUs,
    });
    for (const { level, text } of outcome.logs) this.logger.log(LEVELS[level] ?? 'debug', 'policy', text, ids);
  }
}

function wordOf({ error, decision }: PolicyOutcome): string {
  return error !== undefined ? 'error' : (decision?.decision ?? 'error');
}

function facts({ id, version, digest }: PolicyStatus): Record<string, string> {
  return { policy: id, version, digest };
}
