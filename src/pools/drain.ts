import { type CancelTimer, type Clock } from '../kernel/clock.js';
import { type Logger } from '../observability/logger.js';
import { type Metrics } from '../observability/metrics.js';
import { type Crew } from './crew.js';
import { poolFacts } from './pool-facts.js';
import { type PoolTraffic } from './traffic.js';
import { bounded } from './wait.js';

export interface DrainPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly traffic: PoolTraffic;
  /** Aborted when the daemon stops. */
  readonly stop: AbortSignal;
}

/** Takes one pool out of service: nobody new, the running ones to their end or the deadline, then no engine. */
export class Drain {
  private deadlineAt: number;
  private cancelTimer: CancelTimer = () => {};
  /** Aborted when the deadline passes. */
  private readonly late = new AbortController();
  private readonly abandoned = new AbortController();
  private done: Promise<void> = Promise.resolve();

  constructor(
    private readonly crew: Crew,
    private readonly ports: DrainPorts,
    deadlineMs: number,
  ) {
    this.deadlineAt = ports.clock.now() + deadlineMs;
  }

  get msLeft(): number {
    return Math.max(0, this.deadlineAt - this.ports.clock.now());
  }

  /** Settles when nothing is left to do: the pool has stopped, or was left to somebody else. */
  get over(): Promise<void> {
    return this.done;
  }

  /** Admits nobody and gives out no slot from the turn of the call on; `over` is called once the pool has stopped. */
  begin(over: () => void): void {
    const { pool } = this.crew;
    pool.service = 'draining';
    this.ports.traffic.hold(pool);
    this.ports.traffic.moveAway(pool);
    this.setDeadline(this.msLeft);
    this.done = this.run().then(over);
  }

  setDeadline(deadlineMs: number): void {
    const { clock } = this.ports;
    this.cancelTimer();
    this.deadlineAt = this.crew.pool.outUntil = clock.now() + deadlineMs;
    if (deadlineMs === 0) this.late.abort();
    else this.cancelTimer = clock.schedule(deadlineMs, () => this.late.abort());
  }

  /** Leaves the pool as it is to somebody else; when its engines are ending already, waits until they have. */
  async abandon(): Promise<void> {
    this.abandoned.abort();
    this.cancelTimer();
    await this.done;
  }

  private async run(): Promise<void> {
    const { traffic, stop } = this.ports;
    const { pool, generation } = this.crew;
    const isIdle = () => traffic.running(pool, generation.replicas) === 0;
    await traffic.until(isIdle, AbortSignal.any([this.late.signal, this.abandoned.signal, stop]));
    if (this.abandoned.signal.aborted || stop.aborted) return;
    this.cancelTimer();
    const forced = this.endAll();
    if (forced > 0) await this.slotsBack(isIdle);
    await this.crew.unload();
    if (stop.aborted) return;
    pool.service = 'stopped';
    this.log(forced > 0 ? 'pool stopped by force' : 'pool stopped', { ended_tasks: forced });
  }

  /** Ends what is left; answers how many tasks ran. */
  private endAll(): number {
    const { clock, traffic } = this.ports;
    const { pool, generation } = this.crew;
    traffic.moveAway(pool);
    const message = `pool ${pool.id} was drained; send the task again when it is back, or to another pool`;
    const running = traffic.endRunning(pool, generation.replicas, message);
    const waiting = traffic.endWaiting(pool, message);
    if (running > 0) {
      const what = `drained by force: ${running} running and ${waiting} waiting tasks were ended at the deadline`;
      pool.forcedStop = { code: 'POOL_UNAVAILABLE', message: what, at_ms: clock.epochMs() };
    }
    return running;
  }

  /** A slot that does not come back ends with its engine. */
  private async slotsBack(isIdle: () => boolean): Promise<void> {
    const { traffic, clock, stop } = this.ports;
    const cancelMs = this.crew.pool.config.timeouts.cancel_ms;
    await bounded((signal) => traffic.until(isIdle, signal), cancelMs, clock, stop).catch(() => {});
  }

  private log(message: string, fields: Readonly<Record<string, unknown>>): void {
    this.ports.logger.info('drain', message, { ...poolFacts(this.crew.pool), ...fields });
  }
}
