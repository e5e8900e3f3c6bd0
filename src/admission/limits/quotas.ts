import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type Config } from '../../config/index.js';
import { type Clock } from '../../kernel/clock.js';
import { type Random } from '../../kernel/random.js';
import { type Metrics } from '../../observability/metrics.js';
import { type Pool } from '../../pools/pool.js';
import { type Scheduler } from '../../scheduling/scheduler.js';
import { type TaskRegistry } from '../../tasks/task-registry.js';
import { type Task } from '../../tasks/task.js';
import { type Caller } from '../submission.js';
import { Concurrency } from './concurrency.js';
import { quotaExceeded, type QuotaRefusal } from './quota-refusal.js';
import { type RateLimit } from './rate-limit.js';
import { RateLimits } from './rate-limits.js';
import { perMinute, perSecond } from './token-bucket.js';

export type TenantRecord = Config['tenants'][number];

export interface QuotaPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly registry: TaskRegistry;
  readonly scheduler: Pick<Scheduler, 'outlook' | 'positionOf'>;
}

/** What a task takes from one limit. */
interface Claim {
  readonly refusal: () => QuotaRefusal;
  readonly limit: RateLimit;
  readonly cost: number;
}

/** Limits of a pool's priority classes and of tenants. What is taken for a task that is not admitted is given back. */
export class Quotas {
  private readonly tenants: ReadonlyMap<string, TenantRecord>;
  private readonly limits: RateLimits;
  private readonly concurrency: Concurrency;
  /** Tokens that a task was charged with and that are settled at its end. */
  private readonly charged = new WeakMap<Task, number>();

  constructor(
    tenants: readonly TenantRecord[],
    private readonly ports: QuotaPorts,
  ) {
    this.tenants = new Map(tenants.map((tenant) => [tenant.id, tenant]));
    this.limits = new RateLimits(ports.random);
    this.concurrency = new Concurrency(ports);
  }

  /** True when the pool's limit of this class lets one more task in now. */
  opens(pool: Pool, priority: PriorityClass): boolean {
    const rps = classRps(pool, priority);
    const now = this.ports.clock.now();
    return rps === undefined || this.classLimit(pool, priority, rps).waitMs(1, now) === 0;
  }

  /**
   * Runs `submit` on what the task takes from its limits.
   * @throws AppError 429 `QUOTA_EXCEEDED`, and nothing is taken; whatever `submit` throws, and its tokens are given back
   */
  lend<Result>(task: Task, pool: Pool, submit: () => Result): Result {
    const tenant = this.tenants.get(task.request.tenantId);
    const claims = [this.classClaim(task, pool), ...this.tenantClaims(task, pool, tenant)].flatMap(
      (claim) => claim ?? [],
    );
    const refusal = this.firstRefusal(task, tenant, claims);
    if (refusal !== undefined) throw this.refused(task, pool, refusal);
    const now = this.ports.clock.now();
    for (const { limit, cost } of claims) limit.take(cost, now);
    if (tenant?.tokens_per_min !== undefined) this.charged.set(task, tokensOf(task));
    try {
      return submit();
    } catch (error) {
      this.settle(task, 0);
      throw error;
    }
  }

  /** Settles what a task was charged with by what it used; a second call changes nothing. */
  ended(task: Task): void {
    this.settle(task, task.tokensIn + task.tokensOut);
  }

  /** Limits of the caller's tenant; undefined members are not limited. */
  limitsOf({ tenantId }: Caller): Pick<TenantRecord, 'rps' | 'max_concurrent' | 'tokens_per_min'> {
    return this.tenants.get(tenantId) ?? {};
  }

  private firstRefusal(
    task: Task,
    tenant: TenantRecord | undefined,
    claims: readonly Claim[],
  ): QuotaRefusal | undefined {
    const now = this.ports.clock.now();
    const most = tenant?.max_concurrent;
    const crowded = most === undefined ? undefined : this.concurrency.refusal(task, most);
    return crowded ?? claims.find(({ limit, cost }) => limit.waitMs(cost, now) > 0)?.refusal();
  }

  private classClaim({ request }: Task, pool: Pool): Claim | undefined {
    const { priority } = request;
    const rps = classRps(pool, priority);
    if (rps === undefined) return undefined;
    const what = `pool ${pool.id} has taken its ${rps} ${priority} tasks per second`;
    return this.claim(this.classLimit(pool, priority, rps), 1, { name: 'rate_limit_rps', value: rps, what });
  }

  private tenantClaims(task: Task, pool: Pool, tenant: TenantRecord | undefined): (Claim | undefined)[] {
    if (tenant === undefined) return [];
    return [this.rpsClaim(tenant), this.tokensClaim(task, tenant)];
  }

  private rpsClaim({ id, rps }: TenantRecord): Claim | undefined {
    if (rps === undefined) return undefined;
    const limit = this.limits.of(`tenant ${id} rps`, perSecond(rps), this.ports.clock.now());
    return this.claim(limit, 1, {
      name: 'rps',
      value: rps,
      what: `tenant ${id} has used up its ${rps} tasks per second`,
    });
  }

  private tokensClaim(task: Task, { id, tokens_per_min: most }: TenantRecord): Claim | undefined {
    if (most === undefined) return undefined;
    const cost = tokensOf(task);
    const what =
      cost > most
        ? `the task may take ${cost} tokens, more than the ${most} per minute of tenant ${id}`
        : `tenant ${id} has too few of its ${most} tokens per minute left for a task of ${cost}`;
    return this.claim(this.tokenLimit(id, most), cost, { name: 'tokens_per_min', value: most, what });
  }

  private claim(
    limit: RateLimit,
    cost: number,
    {
      name,
      value,
      what,
    }: { readonly name: QuotaRefusal['limit']['name']; readonly value: number; readonly what: string },
  ): Claim {
    const refusal = () => {
      const now = this.ports.clock.now();
      const hopeless = limit.waitMs(cost, now) === Infinity;
      const retryMs = hopeless ? undefined : limit.promiseMs(cost, now);
      return { limit: { name, value, used: limit.used(now) }, what, retryMs };
    };
    return { refusal, limit, cost };
  }

  private refused(task: Task, pool: Pool, refusal: QuotaRefusal) {
    this.ports.metrics.quotaDenied.inc({ tenant: task.request.tenantId, limit: refusal.limit.name });
    return quotaExceeded({ ...refusal, members: { engine: pool.engine, pool_id: pool.id } });
  }

  private settle(task: Task, used: number): void {
    const charged = this.charged.get(task);
    const most = this.tenants.get(task.request.tenantId)?.tokens_per_min;
    if (charged === undefined || most === undefined) return;
    this.charged.delete(task);
    this.tokenLimit(task.request.tenantId, most).correct(charged - used, this.ports.clock.now());
  }

  private classLimit(pool: Pool, priority: PriorityClass, rps: number): RateLimit {
    return this.limits.of(`class ${pool.id} ${priority}`, perSecond(rps), this.ports.clock.now());
  }

  private tokenLimit(tenantId: string, most: number): RateLimit {
    return this.limits.of(`tenant ${tenantId} tokens`, perMinute(most), this.ports.clock.now());
  }
}

function classRps({ config }: Pool, priority: PriorityClass): number | undefined {
  return config.admission.priorities.find(({ name }) => name === priority)?.rate_limit_rps;
}

/** What a task may take: its prompt and the answer that is expected, else the longest one. */
function tokensOf({ promptTokens, request }: Task): number {
  const { workload, maxTokens, expectedTokens } = request;
  if (workload !== 'completion') return promptTokens;
  return promptTokens + Math.min(maxTokens, expectedTokens ?? maxTokens);
}
