import { type EngineConnection, EngineError } from '@llama-orch/plugin-sdk';
import { type CancelTimer, type Clock } from '../kernel/clock.js';
import { soundGauges } from './engine-gauges.js';
import { asEngineError } from './failure.js';
import { type Pool } from './pool.js';
import { decodeCanary } from './preload.js';
import { type Replica } from './replica.js';
import { type Look, type Reports } from './reports.js';
import { LOOKS, Silence } from './silence.js';
import { bounded } from './wait.js';

/** What becomes of a replica while its engine runs. */
export interface WatchListener {
  /** No sign of life for too long: it takes nothing new. */
  onSilent(): void;
  /** Signs of life came again, of the same engine. */
  onBack(): void;
  /** It was suspected and is well. */
  onCleared(): void;
}

export interface Watched {
  readonly pool: Pool;
  readonly replica: Replica;
  readonly engine: EngineConnection;
  readonly reports: Reports;
  readonly clock: Clock;
  readonly stop: AbortSignal;
}

/** Share of `progress_ms` that one token may take where a slot is free. */
const CANARY_SHARE = 1 / 3;

/** Looks after one Ready engine until it is lost: probes, heartbeat, and whether decodes get on. */
export class Watch {
  private failedProbes = 0;
  private readonly silence = new Silence();
  private cancelBeatTimer: CancelTimer = () => {};
  private cancelLookTimer: CancelTimer = () => {};
  private asking = false;
  private reading = false;

  constructor(
    private readonly watched: Watched,
    private readonly listener: WatchListener,
  ) {}

  /** Answers why the engine is of no more use. */
  async untilLost(): Promise<EngineError> {
    const { reports, clock, pool } = this.watched;
    this.beat();
    this.keepLooking();
    try {
      for (;;) {
        const look = await reports.next(pool.config.probe.interval_ms, clock);
        if (look.type === 'lost') return look.error;
        const problem = await this.take(look);
        if (problem !== undefined) return problem;
      }
    } finally {
      this.cancelBeatTimer();
      this.cancelLookTimer();
      this.watched.replica.gauges = undefined;
    }
  }

  private async take(look: Look): Promise<EngineError | undefined> {
    const found = await this.probe();
    if (this.watched.stop.aborted) return new EngineError('unavailable', 'the wait for the engine was called off');
    const problem = look.type === 'interval' && this.isDecoding() ? undefined : found;
    this.failedProbes = problem === undefined ? 0 : this.failedProbes + 1;
    if (found === undefined) void this.read();
    if (problem === undefined) {
      if (look.type === 'suspicion') this.listener.onCleared();
      return undefined;
    }
    const isOver = look.type === 'suspicion' || this.failedProbes >= this.watched.pool.config.probe.fail_threshold;
    return isOver ? problem : undefined;
  }

  private async probe(): Promise<EngineError | undefined> {
    const { engine, pool, clock, stop } = this.watched;
    try {
      const health = await bounded((signal) => engine.health(signal), pool.config.probe.timeout_ms, clock, stop);
      if (health.state !== 'ready')
        return health.error ?? new EngineError('unavailable', health.reason ?? `the engine is ${health.state}`);
      this.beat();
      return undefined;
    } catch (error) {
      return asEngineError(error);
    }
  }

  /** What the engine tells of itself is for people to see: nothing waits for it, and nothing comes of its failure. */
  private async read(): Promise<void> {
    const { engine, pool, replica, clock, stop } = this.watched;
    if (engine.scrape === undefined || this.reading) return;
    this.reading = true;
    try {
      const { timeout_ms } = pool.config.probe;
      replica.gauges = soundGauges(await bounded((signal) => engine.scrape!(signal), timeout_ms, clock, stop));
    } catch {
      replica.gauges = undefined;
    } finally {
      this.reading = false;
    }
  }

  /** An engine that is too busy to answer a probe, but brings tokens, is well. */
  private isDecoding(): boolean {
    const { replica, pool, clock } = this.watched;
    const { interval_ms, timeout_ms } = pool.config.probe;
    return clock.now() - replica.lastTokenAt < interval_ms + timeout_ms;
  }

  private beat(): void {
    const { replica, clock } = this.watched;
    replica.lastBeatAt = clock.now();
    replica.lastHeartbeatMs = clock.epochMs();
    this.checkBeat();
  }

  /** One timer per replica, set anew with each beat; tokens are beats too. */
  private checkBeat(): void {
    this.cancelBeatTimer();
    const { replica, clock, pool } = this.watched;
    const { heartbeat_stale_ms, interval_ms } = pool.config.probe;
    const left = Math.max(replica.lastBeatAt, replica.lastTokenAt) + heartbeat_stale_ms - clock.now();
    if (left <= 0 && replica.state === 'ready') this.listener.onSilent();
    if (left > 0 && replica.state === 'unready') this.listener.onBack();
    this.cancelBeatTimer = clock.schedule(left > 0 ? left : interval_ms, () => this.checkBeat());
  }

  private keepLooking(): void {
    const { clock, pool } = this.watched;
    this.cancelLookTimer = clock.schedule(pool.config.probe.progress_ms / LOOKS, () => {
      this.look();
      this.keepLooking();
    });
  }

  private look(): void {
    const { replica, clock, pool, engine } = this.watched;
    const { decodes, lastTokenAt, cutOff } = replica;
    const firstTokenMs = pool.config.timeouts.first_token_ms;
    const { slots } = replica.description!;
    const verdict = this.silence.look({ now: clock.now(), decodes, lastTokenAt, cutOff, slots, firstTokenMs });
    if (verdict === 'hung') this.giveUp();
    if (verdict === 'doubt' && !this.asking) void this.ask(engine);
  }

  /** Whoever brings one token does not hang. */
  private async ask(engine: EngineConnection): Promise<void> {
    const { replica, clock, pool, stop } = this.watched;
    const trial = { engine, endpoint: replica.endpoint, description: replica.description!, clock, stop };
    this.asking = true;
    try {
      await decodeCanary(trial, pool.config.probe.progress_ms * CANARY_SHARE);
      this.silence.forget();
      replica.cutOff = 0;
    } catch {
      if (!stop.aborted) this.giveUp();
    } finally {
      this.asking = false;
    }
  }

  private giveUp(): void {
    const { progress_ms } = this.watched.pool.config.probe;
    const message = `the engine answers probes, but its decodes bring nothing for ${progress_ms} ms`;
    const error = new EngineError('reset', message, { reason: 'hung' });
    this.watched.reports.report({ type: 'lost', error });
  }
}
