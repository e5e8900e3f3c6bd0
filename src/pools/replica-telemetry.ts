import { type EngineError } from '@llama-orch/plugin-sdk';
import { type Logger } from '../observability/logger.js';
import { type Metrics } from '../observability/metrics.js';
import { asEngineError, reasonOf } from './failure.js';
import { type LifecycleLog } from './lifecycle-log.js';
import { type Pool } from './pool.js';
import { type Replica } from './replica.js';
import { canHoldTasks } from './replica-state.js';
import { type SelfTestResult } from './self-tests.js';

type Fields = Readonly<Record<string, unknown>>;

const TROUBLED: readonly string[] = ['unready', 'backoff', 'failed'];
/** Its engine is gone, or never came. */
const LOST: readonly string[] = ['backoff', 'failed'];

/** 1 for each pool of which a replica is not started for a while, because its starts failed too often. */
export function showBreakers(pools: readonly Pool[], { breakerState }: Metrics): void {
  for (const { id: pool_id, replicas } of pools) {
    const isOpen = replicas.some(({ breaker }) => breaker !== 'closed');
    breakerState.set({ pool_id, kind: 'restart' }, isOpen ? 1 : 0);
  }
}

/** What operators see of one replica: its log lines and its series. */
export class ReplicaTelemetry {
  constructor(
    private readonly pool: Pool,
    private readonly replica: Replica,
    private readonly ports: { readonly logger: Logger; readonly metrics: Metrics; readonly lifecycle?: LifecycleLog },
  ) {}

  state(state: string, fields: Fields = {}): void {
    const level = TROUBLED.includes(state) ? 'warn' : 'info';
    const message = `replica ${this.replica.id} is ${state}`;
    this.ports.logger.log(level, 'pool_state', message, { ...this.facts(), ...fields, state });
    if (LOST.includes(state)) this.ports.lifecycle?.failed(this.replica, state, String(fields['last_error']));
  }

  selfTest({ test, result, took_ms, message }: SelfTestResult): void {
    const level = result === 'ok' ? 'info' : 'warn';
    const fields = { ...this.facts(), test, result, took_ms, last_error: message };
    this.ports.logger.log(level, 'self_test', `self-test ${test} of replica ${this.replica.id}: ${result}`, fields);
  }

  /** A start ended. @param tookMs from its begin, in ms */
  preload(result: 'ok' | 'failed', tookMs: number, fields: Fields = {}): void {
    const { logger, metrics } = this.ports;
    metrics.preloads.inc({ pool_id: this.pool.id, result });
    if (result === 'ok') this.ports.lifecycle?.loaded(this.replica, tookMs);
    const level = result === 'ok' ? 'info' : 'warn';
    const message = `replica ${this.replica.id} ${result === 'ok' ? 'has loaded' : 'did not load'}`;
    logger.log(level, 'preload', message, { ...this.facts(), result, took_ms: Math.round(tookMs), ...fields });
  }

  /** Counts how long the model loaded. @throws Error when the series did not move */
  async loaded(tookMs: number): Promise<void> {
    const { metrics } = this.ports;
    const before = await this.loads();
    metrics.modelLoad.observe({ pool_id: this.pool.id }, tookMs / 1000);
    if ((await this.loads()) <= before) throw new Error('llama_orch_model_load_seconds did not move');
  }

  /** Its engine is gone. With the last one of its pool, that is out of service. */
  lost(): void {
    const { id: pool_id, replicas, service } = this.pool;
    if (service !== 'open' || replicas.some(({ state }) => canHoldTasks(state))) return;
    this.ports.metrics.drainEvents.inc({ pool_id, reason: 'fault' });
  }

  restart(failure: EngineError): void {
    this.ports.metrics.engineRestarts.inc({ pool_id: this.pool.id, reason: reasonOf(failure) });
  }

  /** Memory, driver and ECC have series of their own. */
  failure(error: EngineError): void {
    const { metrics } = this.ports;
    const reason = reasonOf(error);
    if (reason === 'vram_exhausted') metrics.ooms.inc({ kind: 'vram' });
    if (reason === 'host_memory_exhausted') metrics.ooms.inc({ kind: 'host' });
    if (reason === 'driver_reset') metrics.driverResets.inc();
    if (reason === 'ecc_error') metrics.eccErrors.inc();
  }

  notClosed(error: unknown): void {
    const last_error = asEngineError(error).message;
    this.ports.logger.error('pool_state', 'the engine did not close', { ...this.facts(), last_error });
  }

  private async loads(): Promise<number> {
    const { values } = await this.ports.metrics.modelLoad.get();
    const count = values.find(
      ({ metricName, labels }) =>
        metricName === 'llama_orch_model_load_seconds_count' && labels.pool_id === this.pool.id,
    );
    return count?.value ?? 0;
  }

  private facts(): Fields {
    const { pool, replica } = this;
    return {
      pool_id: pool.id,
      replica_id: replica.id,
      engine: pool.engine,
      engine_version: replica.description?.engineVersion,
      model_id: replica.endpoint.model.id,
      model_digest: replica.description?.modelDigest,
      device_mask: replica.devices,
      restart_count: replica.restartCount,
      cpu: pool.cpu,
    };
  }
}
