import { type Crew } from './crew.js';
import { Drain, type DrainPorts } from './drain.js';
import { type Pool } from './pool.js';
import { poolFacts } from './pool-facts.js';

export type DrainReason = 'api_request' | 'retire';

/** The drain of each pool that is being taken out of service. */
export class Drains {
  private readonly open = new Map<Pool, Drain>();

  constructor(private readonly ports: DrainPorts) {}

  /** Begins a drain, or gives the one that is under way another deadline; a pool that has stopped stays so. */
  drain(crew: Crew, deadlineMs: number, reason: DrainReason = 'api_request'): void {
    const { pool } = crew;
    const known = this.open.get(pool);
    if (known !== undefined) return known.setDeadline(deadlineMs);
    if (pool.service === 'stopped') return;
    this.ports.metrics.drainEvents.inc({ pool_id: pool.id, reason });
    this.ports.logger.info('drain', 'pool drains', { ...poolFacts(pool), deadline_ms: deadlineMs });
    this.goOn(crew, deadlineMs);
  }

  /** Drains what was drained before. */
  goOn(crew: Crew, deadlineMs: number): void {
    const { pool } = crew;
    const drain = new Drain(crew, this.ports, deadlineMs);
    this.open.set(pool, drain);
    drain.begin(() => this.open.delete(pool));
  }

  /** Waits until no drain of the pool is under way. */
  async over(pool: Pool): Promise<void> {
    await this.open.get(pool)?.over;
  }

  /** Ends the drain of a pool but not its effects; answers how long it had left, undefined when there is none to go on with. */
  async takeOver(pool: Pool): Promise<number | undefined> {
    const drain = this.open.get(pool);
    if (drain === undefined) return undefined;
    const { msLeft } = drain;
    await drain.abandon();
    return pool.service === 'stopped' ? undefined : msLeft;
  }
}
