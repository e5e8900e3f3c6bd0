import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type Config } from '../../config/index.js';
import { type Clock } from '../../kernel/clock.js';
import { AppError } from '../../kernel/errors.js';
import { type PoolId } from '../../kernel/ids.js';
import { type Random } from '../../kernel/random.js';
import { type Metrics } from '../../observability/metrics.js';
import { type Pool } from '../../pools/pool.js';
import { clampRetryMs } from '../../scheduling/promises/retry-wait.js';
import { type Task } from '../../tasks/task.js';
import { LatencyWindow } from './latency-window.js';
import { ShedBreaker } from './shed-breaker.js';

type Slo = NonNullable<Config['slo']>;

export interface SheddingPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
}

interface Watched {
  readonly window: LatencyWindow;
  readonly breaker: ShedBreaker;
}

const BREACH_FACTOR = 2;
const TICK_MS = 1_000;
/** Nothing is sorted more often than this, however many tasks ask. */
const LOOK_MS = 100;
const JITTER = 0.1;

/** Keeps batch work out of pools whose interactive tasks have waited too long for too long. Idle without objectives. */
export class Shedding {
  private readonly pools = new Map<PoolId, Watched>();
  private lookedAt = -Infinity;

  constructor(
    private readonly slo: Slo | undefined,
    poolIds: readonly PoolId[],
    private readonly ports: SheddingPorts,
  ) {
    if (slo === undefined) return;
    for (const id of poolIds) this.pools.set(id, watched(slo));
    ports.metrics.beforeScrape(() => this.show());
    this.lookAgain();
  }

  /** A task got its first token: what its caller waited is one sample. */
  firstToken({ request, poolId, firstTokenAt }: Task): void {
    if (request.priority !== 'interactive') return;
    this.pools.get(poolId)?.window.add(firstTokenAt! - request.receivedAt, firstTokenAt!);
  }

  /** True while newcomers of this class are refused. */
  closes(poolId: PoolId, priority: PriorityClass): boolean {
    return priority === 'batch' && this.isOpen(poolId);
  }

  /** True while the pool's breaker is open. */
  isOpen(poolId: PoolId): boolean {
    if (this.pools.size === 0) return false;
    this.look();
    return this.pools.get(poolId)?.breaker.isOpen === true;
  }

  /** What interactive tasks of a pool wait at the 95th percentile, and should at most; both undefined without objectives. */
  objectiveOf(poolId: PoolId): { readonly p95Ms: number | undefined; readonly targetMs: number | undefined } {
    const p95Ms = this.pools.get(poolId)?.window.p95(this.ports.clock.now());
    return { p95Ms, targetMs: this.slo?.interactive.ttft_p95_ms };
  }

  /** @throws AppError 429 `ADMISSION_REJECT` while the pool sheds this class */
  refuse(pool: Pool, priority: PriorityClass): void {
    if (!this.closes(pool.id, priority)) return;
    const closesInMs = this.pools.get(pool.id)!.breaker.closesInMs(this.ports.clock.now());
    const retryMs = clampRetryMs((closesInMs + LOOK_MS) * (1 + JITTER * this.ports.random.next()));
    throw new AppError(
      'ADMISSION_REJECT',
      `pool ${pool.id} sheds batch tasks, as its interactive ones wait too long; retry in ${retryMs} ms`,
      {
        members: { engine: pool.engine, pool_id: pool.id, retry_after_ms: retryMs, policy_label: 'reject' },
      },
    );
  }

  private look(): void {
    const now = this.ports.clock.now();
    if (now < this.lookedAt + LOOK_MS) return;
    this.lookedAt = now;
    for (const { window, breaker } of this.pools.values()) breaker.observe(window.p95(now), now);
  }

  /** A recovery must be seen although no task brings news of it. */
  private lookAgain(): void {
    this.ports.clock.schedule(TICK_MS, () => {
      this.look();
      this.lookAgain();
    });
  }

  private show(): void {
    this.look();
    const { breakerState, sloAttainment } = this.ports.metrics;
    const now = this.ports.clock.now();
    const shares: number[] = [];
    for (const [pool_id, { window, breaker }] of this.pools) {
      breakerState.set({ pool_id, kind: 'shed' }, breaker.isOpen ? 1 : 0);
      shares.push(window.shareWithin(this.slo!.interactive.ttft_p95_ms, now) ?? 1);
    }
    sloAttainment.set({ priority: 'interactive' }, Math.min(...shares));
  }
}

/** The window is half as long as the shorter wait, so that samples of one moment alone change nothing. */
function watched({ interactive, shed_after_ms, recover_after_ms }: Slo): Watched {
  const target = interactive.ttft_p95_ms;
  return {
    window: new LatencyWindow(Math.min(shed_after_ms, recover_after_ms) / 2),
    breaker: new ShedBreaker({
      openAboveMs: BREACH_FACTOR * target,
      closeBelowMs: target,
      openAfterMs: shed_after_ms,
      closeAfterMs: recover_after_ms,
    }),
  };
}
