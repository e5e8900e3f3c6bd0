import { type EngineConnection, type EngineDescription, EngineError } from '@llama-orch/plugin-sdk';
import { type CancelTimer, type Clock } from '../kernel/clock.js';
import { type Random } from '../kernel/random.js';
import { type Logger } from '../observability/logger.js';
import { type Metrics } from '../observability/metrics.js';
import { type Redactor } from '../observability/redactor.js';
import { backoffMs } from './backoff.js';
import { Breaker } from './breaker.js';
import { checkedConnection, checkedDescription } from './description-check.js';
import { asEngineError, isFatal, isPermanent, reasonOf } from './failure.js';
import { causeOf, type Launch, type Launcher } from './launch.js';
import { type LifecycleLog } from './lifecycle-log.js';
import { type Pool } from './pool.js';
import { type PoolListener } from './pool-events.js';
import { requirePinned } from './provisioning/version-pin.js';
import { awaitLoaded, cancelOnce, decodeOnce } from './preload.js';
import { ReplicaTelemetry } from './replica-telemetry.js';
import { type Replica } from './replica.js';
import { canHoldTasks } from './replica-state.js';
import { type Look, Reports } from './reports.js';
import { SelfTests } from './self-tests.js';
import { bounded, pause, untilAborted } from './wait.js';
import { Watch } from './watch.js';

export interface SupervisorPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly listener: PoolListener;
  readonly launcher: Launcher;
  /** Absent: nobody writes down what becomes of replicas. */
  readonly lifecycle?: LifecycleLog;
  /** What engines say may hold what they were given: keys, for one. Absent: it is told as it is. */
  readonly redactor?: Pick<Redactor, 'text'>;
}

/** A run that its engine broke. */
export interface BrokenRun {
  /** The start of the replica that it ran on. */
  readonly epoch: number;
  readonly error: EngineError;
}

const CLOSE_MS = 15_000;

/** Keeps one replica alive: start, preload, watch, and again with backoff after each failure. */
export class Supervisor {
  private readonly stopping = new AbortController();
  /** The start that is under way; unloading ends it, stopping too. */
  private attempt = new AbortController();
  /** There while nothing may run; aborted by {@link wake}. */
  private sleeping: AbortController | undefined;
  private launch: Launch | undefined;
  private readonly breaker: Breaker;
  private readonly telemetry: ReplicaTelemetry;
  private failuresInARow = 0;
  private life: Promise<void> = Promise.resolve();
  private reports = new Reports();
  private selfTests: SelfTests;
  /** The start whose exhausted memory is known; one shortage breaks many runs. */
  private shortEpoch = 0;
  private cancelSettling: CancelTimer = () => {};
  /** Settles when a connection that came too late is closed: two engines would share the memory of one. */
  private late: Promise<void> = Promise.resolve();
  /** Aborted once nothing of the engine is left. */
  private asleep = new AbortController();

  constructor(
    private readonly pool: Pool,
    private readonly replica: Replica,
    private readonly ports: SupervisorPorts,
  ) {
    this.breaker = new Breaker(pool.config.breaker);
    this.telemetry = new ReplicaTelemetry(pool, replica, ports);
    this.selfTests = this.newSelfTests();
  }

  /** `onDemand`: nothing is loaded before {@link wake}. */
  start(onDemand = false): void {
    if (onDemand) this.fallAsleep();
    this.life = this.live();
  }

  /** Loads the model of an unloaded replica; harmless for any other. The last call of this and {@link unload} counts. */
  wake(): void {
    this.sleeping?.abort();
  }

  /** Ends the engine and waits until it is gone; nothing is loaded before {@link wake}. */
  async unload(): Promise<void> {
    if (this.stopping.signal.aborted) return this.life;
    if (this.sleeping === undefined || this.sleeping.signal.aborted) {
      this.fallAsleep();
      this.attempt.abort();
      this.reports.report(UNLOADED);
    }
    await untilAborted(this.asleep.signal);
  }

  /** Ends the replica and waits until nothing of it runs. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.attempt.abort();
    this.sleeping?.abort();
    this.reports.report(STOPPED);
    await this.life;
  }

  /** A run broke: look at the engine now rather than at the next interval. */
  suspect(run?: BrokenRun): void {
    if (run?.epoch === this.replica.epoch) this.note(run.error);
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
      if (this.sleeping !== undefined) {
        await this.sleep(this.sleeping);
        continue;
      }
      const failure = await this.once();
      if (stopping.signal.aborted || this.sleeping !== undefined) continue;
      const waitMs = this.recordFailure(failure);
      await this.closeEngine();
      await this.waitForRestart(waitMs, failure);
    }
    this.leaveService('stopped');
    await this.closeEngine();
    this.asleep.abort();
  }

  private fallAsleep(): void {
    this.sleeping = new AbortController();
    if (this.replica.state !== 'unloaded' && this.asleep.signal.aborted) this.asleep = new AbortController();
  }

  /** Until it is woken, and not told to sleep on meanwhile. */
  private async sleep(sleeping: AbortController): Promise<void> {
    if (this.replica.state !== 'unloaded') {
      this.leaveService('unloaded');
      await this.closeEngine();
      await this.closing(() => this.late);
      this.telemetry.state('unloaded');
    }
    this.asleep.abort();
    await untilAborted(sleeping.signal);
    if (this.stopping.signal.aborted || this.sleeping !== sleeping) return;
    this.sleeping = undefined;
    this.replica.moveTo('starting');
  }

  /** One start of the engine until it is gone; the answer says why. */
  private async once(): Promise<EngineError> {
    const { replica, ports } = this;
    replica.begin(ports.clock.now());
    this.reports = new Reports();
    this.attempt = new AbortController();
    this.selfTests = this.newSelfTests();
    replica.selfTests = this.selfTests.results;
    try {
      const engine = await this.selfTests.run('preload', () => this.load());
      await this.prove(engine);
      // Nobody may be sent to an engine that is about to end.
      this.attempt.signal.throwIfAborted();
      this.enterReady();
      return await this.watch(engine);
    } catch (error) {
      return await causeOf(asEngineError(error), this.launch, ports.clock);
    } finally {
      this.cancelSettling();
    }
  }

  /** Starts the engine and waits until it has loaded and says what it is. */
  private async load(): Promise<EngineConnection> {
    const { pool, replica, ports } = this;
    const { probe, timeouts } = pool.config;
    const stop = this.attempt.signal;
    this.telemetry.state('starting');
    await this.lateGone(stop);
    this.launch = await ports.launcher.launch(pool, replica.endpoint, stop);
    replica.devices = this.launch.endpoint.devices ?? [];
    const engine = await this.connect(this.launch);
    replica.connection = engine;
    const limits = { loadMs: timeouts.load_ms, probeMs: probe.timeout_ms, intervalMs: probe.loading_interval_ms };
    await awaitLoaded(engine, limits, ports.clock, stop);
    const described = await bounded((signal) => engine.describe(signal), timeouts.load_ms, ports.clock, stop);
    replica.description = checkedDescription(pool.engine, described);
    requirePinned(pool.config.provisioning?.engine_version, replica.description.engineVersion);
    await this.launch.described?.(replica.description);
    return engine;
  }

  /** Waits for it once: an adapter that never answered one call may answer the next. */
  private async lateGone(stop: AbortSignal): Promise<void> {
    await bounded(() => this.late, CLOSE_MS, this.ports.clock, stop).catch(() => {});
    if (!stop.aborted) this.late = Promise.resolve();
  }

  private async connect({ endpoint }: Launch): Promise<EngineConnection> {
    const { pool, ports } = this;
    const connecting = pool.adapter.connect(endpoint);
    try {
      const limitMs = pool.config.timeouts.load_ms;
      const connection: unknown = await bounded(() => connecting, limitMs, ports.clock, this.attempt.signal);
      return checkedConnection(pool.engine, connection);
    } catch (error) {
      // A connection that comes too late has no owner: nobody else would close it.
      this.late = connecting.then((late) => late.close()).catch(() => {});
      throw error;
    }
  }

  /** The self-tests of a loaded engine. */
  private async prove(engine: EngineConnection): Promise<void> {
    const { pool, replica, ports, selfTests } = this;
    const loadMs = ports.clock.now() - replica.startAt!;
    replica.moveTo('preloading');
    const trial = {
      ...{ engine, endpoint: replica.endpoint, description: replica.description! },
      ...{ clock: ports.clock, stop: this.attempt.signal },
    };
    await selfTests.run('decode', () => decodeOnce(trial));
    await selfTests.run('cancel', () => cancelOnce(trial, pool.config.timeouts.cancel_ms));
    await selfTests.run('telemetry', () => this.telemetry.loaded(loadMs));
    this.launch?.loaded?.();
  }

  private newSelfTests(): SelfTests {
    return new SelfTests(this.ports.clock, (result) => {
      if (!this.attempt.signal.aborted) this.telemetry.selfTest(result);
    });
  }

  /** Replicas of one pool answer alike only when their engines and models are the same. */
  private refuseMixedVersions(description: EngineDescription): void {
    const { replicas } = this.pool.generationOf(this.replica);
    const other = replicas.find((replica) => replica !== this.replica && replica.ready)?.description;
    if (other === undefined) return;
    if (other.engineVersion === description.engineVersion && other.modelDigest === description.modelDigest) return;
    throw new EngineError(
      'unavailable',
      `replica ${this.replica.id} has engine ${description.engineVersion}, the pool has ${other.engineVersion}, or their models differ; give all replicas the same engine and model`,
      { reason: 'mixed_versions' },
    );
  }

  private enterReady(): void {
    const { pool, replica, ports } = this;
    this.refuseMixedVersions(replica.description!);
    pool.generationOf(replica).description = replica.description;
    replica.moveTo('ready');
    replica.lastError = undefined;
    replica.lastStartMs = ports.clock.now() - replica.startAt!;
    this.breaker.close();
    replica.breaker = this.breaker.state;
    this.telemetry.preload('ok', replica.lastStartMs);
    this.telemetry.state('ready');
    ports.listener.replicaReady(pool, replica);
    this.cancelSettling = ports.clock.schedule(pool.config.backoff.reset_ms, () => this.settle());
  }

  /** Ready for long enough: earlier failures no longer count. */
  private settle(): void {
    this.failuresInARow = 0;
    this.breaker.forget();
  }

  private watch(engine: EngineConnection): Promise<EngineError> {
    const { pool, replica, reports, ports } = this;
    const lost = (error: unknown) => reports.report({ type: 'lost', error: asEngineError(error) });
    for (const loss of [engine.lost, this.launch?.lost]) void loss?.then(lost, lost);
    const watched = { pool, replica, engine, reports, clock: ports.clock, stop: this.attempt.signal };
    const watch = new Watch(watched, {
      onSilent: () => this.leaveReady(),
      onBack: () => this.comeBack(),
      onCleared: () => replica.ready && ports.listener.replicaReady(pool, replica),
    });
    return watch.untilLost();
  }

  private leaveReady(): void {
    const { pool, replica, ports } = this;
    const { heartbeat_stale_ms } = pool.config.probe;
    const message = `the engine has given no sign of life for ${heartbeat_stale_ms} ms`;
    replica.lastError = { code: 'timeout', message, at_ms: ports.clock.epochMs(), reason: 'heartbeat_stale' };
    replica.moveTo('unready');
    this.telemetry.state('unready', { last_error: message, reason: 'heartbeat_stale' });
    ports.listener.replicaLost(pool, replica);
  }

  private comeBack(): void {
    const { pool, replica, ports } = this;
    replica.lastError = undefined;
    replica.moveTo('ready');
    this.telemetry.state('ready');
    ports.listener.replicaReady(pool, replica);
  }

  /** What a broken run says of the engine beyond the run. */
  private note(error: EngineError): void {
    if (isFatal(error)) return this.reports.report({ type: 'lost', error });
    if (error.code === 'out-of-memory') this.noteShortage(error);
  }

  private noteShortage(error: EngineError): void {
    const { epoch } = this.replica;
    if (this.shortEpoch === epoch) return;
    this.shortEpoch = epoch;
    this.telemetry.failure(error);
    this.launch?.failed?.(error);
  }

  /** Takes the replica out of service and answers how long to wait before the next start. */
  private recordFailure(failure: EngineError): number {
    const { pool, replica, ports } = this;
    const now = ports.clock.now();
    const wasLoaded = canHoldTasks(replica.state);
    const reason = reasonOf(failure);
    if (failure.code === 'out-of-memory') this.noteShortage(failure);
    else {
      this.telemetry.failure(failure);
      this.launch?.failed?.(failure);
    }
    const waitMs = this.waitAfter(failure);
    const self_test = this.selfTests.failed;
    const { code } = failure;
    const message = ports.redactor?.text(failure.message) ?? failure.message;
    replica.lastError = {
      ...{ code, message, at_ms: ports.clock.epochMs(), reason },
      ...(self_test && { self_test }),
    };
    if (!wasLoaded) this.telemetry.preload('failed', now - replica.startAt!, { last_error: message, reason });
    replica.startAt = now + waitMs;
    this.leaveService(this.breaker.state === 'open' ? 'failed' : 'backoff');
    if (wasLoaded) this.telemetry.lost();
    this.telemetry.state(replica.state, { backoff_ms: waitMs, last_error: message, reason });
    ports.listener.replicaFailed?.(pool, replica, failure);
    if (pool.state === 'failed') ports.listener.poolFailed(pool);
    return waitMs;
  }

  private waitAfter(failure: EngineError): number {
    const { pool, replica, ports, breaker } = this;
    this.failuresInARow++;
    if (isPermanent(failure)) breaker.trip();
    else breaker.fail(ports.clock.now());
    replica.breaker = breaker.state;
    if (breaker.state === 'open') return pool.config.breaker.open_ms;
    return backoffMs(this.failuresInARow, pool.config.backoff, ports.random);
  }

  private leaveService(to: 'failed' | 'backoff' | 'stopped' | 'unloaded'): void {
    const heldTasks = canHoldTasks(this.replica.state);
    this.replica.moveTo(to);
    if (heldTasks) this.ports.listener.replicaLost(this.pool, this.replica);
  }

  private async closeEngine(): Promise<void> {
    const { replica, launch } = this;
    const { connection } = replica;
    replica.connection = this.launch = undefined;
    if (connection !== undefined) await this.closing(() => connection.close());
    if (launch !== undefined) await this.closing(() => launch.end());
  }

  private async closing(close: () => Promise<void>): Promise<void> {
    await bounded(close, CLOSE_MS, this.ports.clock, NEVER).catch((error: unknown) => this.telemetry.notClosed(error));
  }

  private async waitForRestart(waitMs: number, failure: EngineError): Promise<void> {
    const { replica, ports, breaker } = this;
    await pause(waitMs, ports.clock, this.attempt.signal);
    if (this.attempt.signal.aborted) return;
    if (breaker.state === 'open') breaker.halfOpen();
    replica.breaker = breaker.state;
    replica.restartCount++;
    this.telemetry.restart(failure);
    replica.moveTo('starting');
  }
}

const STOPPED: Look = { type: 'lost', error: new EngineError('unavailable', 'the daemon stops') };
const UNLOADED: Look = { type: 'lost', error: new EngineError('unavailable', 'the model is unloaded') };
const NEVER = new AbortController().signal;
