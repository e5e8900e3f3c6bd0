import { type EngineConnection, type EngineDescription, EngineError, isEngineError } from '@llama-orch/plugin-sdk';
import { type CancelTimer, type Clock } from '../kernel/clock.js';
import { type Random } from '../kernel/random.js';
import { type Logger } from '../observability/logger.js';
import { type Metrics } from '../observability/metrics.js';
import { backoffMs } from './backoff.js';
import { Breaker } from './breaker.js';
import { type Launch, type Launcher } from './launch.js';
import { type Pool } from './pool.js';
import { type PoolListener } from './pool-events.js';
import { awaitLoaded, decodeOnce } from './preload.js';
import { type Replica } from './replica.js';
import { type Look, Reports } from './reports.js';
import { bounded, pause, untilAborted } from './wait.js';

export interface SupervisorPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly listener: PoolListener;
  readonly launcher: Launcher;
}

const CLOSE_MS = 15_000;

/** Keeps one replica alive: start, preload, watch, and again with backoff after each failure. */
export class Supervisor {
  private readonly stopping = new AbortController();
  /** The start that is under way; unloading ends it, stopping too. */
  private attempt = new AbortController();
  private awake: AbortController | undefined;
  private launch: Launch | undefined;
  private readonly breaker: Breaker;
  private failuresInARow = 0;
  private life: Promise<void> = Promise.resolve();
  private reports = new Reports();
  private cancelSettling: CancelTimer = () => {};
  private asleep: Promise<void> = Promise.resolve();
  private nowAsleep: () => void = () => {};

  constructor(
    private readonly pool: Pool,
    private readonly replica: Replica,
    private readonly ports: SupervisorPorts,
  ) {
    this.breaker = new Breaker(pool.config.breaker);
  }

  /** `onDemand`: nothing is loaded before {@link wake}. */
  start(onDemand = false): void {
    if (onDemand) this.fallAsleep();
    this.life = this.live();
  }

  /** Loads the model of an unloaded replica; harmless for any other. */
  wake(): void {
    this.awake?.abort();
  }

  /** Ends the engine and waits until it is gone; nothing is loaded before {@link wake}. */
  async unload(): Promise<void> {
    if (this.stopping.signal.aborted) return;
    if (this.awake === undefined) {
      this.fallAsleep();
      this.attempt.abort();
      this.reports.report(UNLOADED);
    }
    await this.asleep;
  }

  /** Ends the replica and waits until nothing of it runs. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.attempt.abort();
    this.awake?.abort();
    this.reports.report(STOPPED);
    await this.life;
  }

  /** A run broke: look at the engine now rather than at the next interval. */
  suspect(): void {
    this.reports.report({ type: 'suspicion' });
  }

  /** The engine does not give a slot back: it is ended and started anew, unless that start is over already. */
  giveUp(epoch: number, message: string): void {
    if (epoch !== this.replica.epoch) return;
    this.reports.report({ type: 'lost', error: new EngineError('reset', message, { reason: 'slot_stuck' }) });
  }

  private async live(): Promise<void> {
    const { stopping } = this;
    while (!stopping.signal.aborted) {
      if (this.awake !== undefined) await this.sleep(this.awake.signal);
      if (stopping.signal.aborted) break;
      const failure = await this.once();
      if (stopping.signal.aborted) break;
      if (this.awake !== undefined) continue;
      const waitMs = this.recordFailure(failure);
      await this.closeEngine();
      await this.waitForRestart(waitMs, failure);
    }
    this.leaveReady('stopped');
    await this.closeEngine();
  }

  private fallAsleep(): void {
    this.awake = new AbortController();
    this.asleep = new Promise((resolve) => (this.nowAsleep = resolve));
  }

  private async sleep(awake: AbortSignal): Promise<void> {
    this.leaveReady('unloaded');
    await this.closeEngine();
    this.logState('unloaded');
    this.nowAsleep();
    await untilAborted(awake);
    this.awake = undefined;
    this.replica.moveTo(this.stopping.signal.aborted ? 'stopped' : 'starting');
  }

  /** One start of the engine until it is gone; the answer says why. */
  private async once(): Promise<EngineError> {
    this.replica.epoch++;
    this.replica.lastTokenAt = Number.NEGATIVE_INFINITY;
    this.replica.startAt = this.ports.clock.now();
    this.reports = new Reports();
    this.attempt = new AbortController();
    try {
      const engine = await this.connect();
      this.replica.connection = engine;
      this.enterReady(await this.preload(engine));
      return await this.watch(engine);
    } catch (error) {
      return asEngineError(error);
    } finally {
      this.cancelSettling();
    }
  }

  private async connect(): Promise<EngineConnection> {
    const { pool, replica } = this;
    this.logState('starting');
    this.launch = await this.ports.launcher.launch(pool, replica.endpoint, this.attempt.signal);
    const connecting = pool.adapter.connect(this.launch.endpoint);
    try {
      return await bounded(() => connecting, pool.config.timeouts.load_ms, this.ports.clock, this.attempt.signal);
    } catch (error) {
      // A connection that comes too late has no owner: nobody else would close it.
      void connecting.then((late) => late.close()).catch(() => {});
      throw error;
    }
  }

  private async preload(engine: EngineConnection): Promise<EngineDescription> {
    const { clock } = this.ports;
    const { probe, timeouts } = this.pool.config;
    const stop = this.attempt.signal;
    await awaitLoaded(engine, { loadMs: timeouts.load_ms, probeMs: probe.timeout_ms }, clock, stop);
    const description = await bounded((signal) => engine.describe(signal), timeouts.load_ms, clock, stop);
    this.replica.moveTo('preloading');
    await decodeOnce(engine, this.replica.endpoint, description, clock, stop);
    this.launch?.loaded?.();
    return description;
  }

  /** Replicas of one pool answer alike only when their engines and models are the same. */
  private refuseMixedVersions(description: EngineDescription): void {
    const other = this.pool.replicas.find((replica) => replica !== this.replica && replica.ready)?.description;
    if (other === undefined) return;
    if (other.engineVersion === description.engineVersion && other.modelDigest === description.modelDigest) return;
    throw new EngineError(
      'unavailable',
      `replica ${this.replica.id} has engine ${description.engineVersion}, the pool has ${other.engineVersion}, or their models differ; give all replicas the same engine and model`,
    );
  }

  private enterReady(description: EngineDescription): void {
    const { pool, replica, ports } = this;
    this.refuseMixedVersions(description);
    replica.description = pool.description = description;
    replica.moveTo('ready');
    replica.lastError = undefined;
    replica.lastStartMs = ports.clock.now() - replica.startAt!;
    replica.lastHeartbeatMs = ports.clock.epochMs();
    ports.metrics.preloads.inc({ pool_id: pool.id, result: 'ok' });
    this.logState('ready');
    ports.listener.replicaReady(pool, replica);
    this.cancelSettling = ports.clock.schedule(pool.config.backoff.reset_ms, () => this.settle());
  }

  /** Ready for long enough: earlier failures no longer count. */
  private settle(): void {
    this.failuresInARow = 0;
    this.breaker.reset();
  }

  private async watch(engine: EngineConnection): Promise<EngineError> {
    const { reports } = this;
    for (const lost of [engine.lost, this.launch?.lost]) {
      void lost?.then((error) => reports.report({ type: 'lost', error }));
    }
    let failedProbes = 0;
    for (;;) {
      const look = await reports.next(this.pool.config.probe.interval_ms, this.ports.clock);
      if (look.type === 'lost') return look.error;
      const found = await this.probe(engine);
      const problem = look.type === 'interval' && this.isDecoding() ? undefined : found;
      if (this.attempt.signal.aborted) return new EngineError('unavailable', 'the daemon stops');
      failedProbes = problem === undefined ? 0 : failedProbes + 1;
      if (problem !== undefined && (look.type === 'suspicion' || failedProbes >= this.pool.config.probe.fail_threshold))
        return problem;
      if (problem === undefined && look.type === 'suspicion') this.ports.listener.replicaReady(this.pool, this.replica);
    }
  }

  private async probe(engine: EngineConnection): Promise<EngineError | undefined> {
    const { clock } = this.ports;
    const { timeout_ms } = this.pool.config.probe;
    try {
      const health = await bounded((signal) => engine.health(signal), timeout_ms, clock, this.attempt.signal);
      if (health.state !== 'ready')
        return new EngineError('unavailable', health.reason ?? `the engine is ${health.state}`);
      this.replica.lastHeartbeatMs = clock.epochMs();
      return undefined;
    } catch (error) {
      return asEngineError(error);
    }
  }

  /** An engine that is too busy to answer a probe, but brings tokens, is well. */
  private isDecoding(): boolean {
    const { interval_ms, timeout_ms } = this.pool.config.probe;
    return this.ports.clock.now() - this.replica.lastTokenAt < interval_ms + timeout_ms;
  }

  /** Takes the replica out of service and answers how long to wait before the next start. */
  private recordFailure(failure: EngineError): number {
    const { pool, replica, ports } = this;
    const { clock, metrics, random } = ports;
    this.failuresInARow++;
    const opened = this.breaker.fail(clock.now());
    const waitMs = opened ? pool.config.breaker.open_ms : backoffMs(this.failuresInARow, pool.config.backoff, random);
    replica.startAt = clock.now() + waitMs;
    replica.lastError = { code: failure.code, message: failure.message, at_ms: clock.epochMs() };
    if (!replica.ready) metrics.preloads.inc({ pool_id: pool.id, result: 'failed' });
    this.leaveReady(opened ? 'failed' : 'backoff');
    this.logState(replica.state, { backoff_ms: waitMs, last_error: failure.message, reason: reasonOf(failure) });
    if (pool.state === 'failed') ports.listener.poolFailed(pool);
    return waitMs;
  }

  private leaveReady(to: 'failed' | 'backoff' | 'stopped' | 'unloaded'): void {
    const wasReady = this.replica.ready;
    this.replica.moveTo(to);
    if (wasReady) this.ports.listener.replicaLost(this.pool, this.replica);
  }

  private async closeEngine(): Promise<void> {
    const { replica, launch } = this;
    const { connection } = replica;
    replica.connection = this.launch = undefined;
    if (connection !== undefined) await this.bounded(() => connection.close());
    if (launch !== undefined) await this.bounded(() => launch.end());
  }

  private async bounded(close: () => Promise<void>): Promise<void> {
    await bounded(close, CLOSE_MS, this.ports.clock, NEVER).catch((error: unknown) => {
      const last_error = asEngineError(error).message;
      this.ports.logger.error('pool_state', 'the engine did not close', { ...this.logFields(), last_error });
    });
  }

  private async waitForRestart(waitMs: number, failure: EngineError): Promise<void> {
    const { pool, replica, ports, breaker } = this;
    await pause(waitMs, ports.clock, this.attempt.signal);
    if (this.attempt.signal.aborted) return;
    if (replica.state === 'failed') breaker.halfOpen();
    replica.restartCount++;
    ports.metrics.engineRestarts.inc({ pool_id: pool.id, reason: reasonOf(failure) });
    replica.moveTo('starting');
  }

  private logState(state: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const level = state === 'backoff' || state === 'failed' ? 'warn' : 'info';
    this.ports.logger.log(level, 'pool_state', `replica ${this.replica.id} is ${state}`, {
      ...this.logFields(),
      ...fields,
      state,
    });
  }

  private logFields(): Readonly<Record<string, unknown>> {
    const { pool, replica } = this;
    return {
      pool_id: pool.id,
      replica_id: replica.id,
      engine: pool.engine,
      engine_version: replica.description?.engineVersion,
      model_id: pool.model.id,
      model_digest: replica.description?.modelDigest,
      restart_count: replica.restartCount,
      cpu: pool.cpu,
    };
  }
}

const STOPPED: Look = { type: 'lost', error: new EngineError('unavailable', 'the daemon stops') };
const UNLOADED: Look = { type: 'lost', error: new EngineError('unavailable', 'the model is unloaded') };
const NEVER = new AbortController().signal;

function reasonOf(failure: EngineError): string {
  return failure.reason ?? failure.code;
}

function asEngineError(error: unknown): EngineError {
  if (isEngineError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new EngineError('internal', `the engine adapter failed: ${message}`, {
    reason: 'adapter_threw',
    cause: error,
  });
}
