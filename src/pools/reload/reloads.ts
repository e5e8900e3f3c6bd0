import { type Clock } from '../../kernel/clock.js';
import { invalidParams } from '../../kernel/errors.js';
import { type Logger } from '../../observability/logger.js';
import { type Crew } from '../crew.js';
import { type Drains } from '../drains.js';
import { isModelRef, poolModel } from '../model-ref.js';
import { type PoolModels } from '../models/pool-models.js';
import { type Pool } from '../pool.js';
import { poolFacts } from '../pool-facts.js';
import { type PoolTraffic } from '../traffic.js';
import { Journey, type JourneyPorts, type ReloadRequest } from './journey.js';
import { type ReloadPlan, planOf } from './plan.js';
import { busy, rolledBack } from './refusals.js';
import { Reload, ReloadFailure, type ReloadResult } from './reload.js';
import { type ReloadSteps } from './steps.js';
import { findWeights } from './weights.js';

export interface ReloadsPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly drains: Drains;
  readonly crewOf: (pool: Pool) => Crew;
  /** Absent: there is no catalog. */
  readonly models?: PoolModels | undefined;
}

/** The reload of each pool: one at a time. */
export class Reloads {
  private readonly under = new Map<Pool, Promise<ReloadResult>>();

  constructor(
    private readonly ports: ReloadsPorts,
    private readonly journeyPorts: JourneyPorts,
    private readonly steps: ReloadSteps,
  ) {}

  /** Waits until the reload of this pool is over; how it went is told elsewhere. */
  async over(pool: Pool): Promise<void> {
    await this.under.get(pool)?.catch(() => {});
  }

  isUnderWay(pool: Pool): boolean {
    return this.under.has(pool);
  }

  /** What a reload would do. @throws AppError 409 when its model cannot be used */
  async plan(pool: Pool, request: ReloadRequest, traffic: PoolTraffic): Promise<ReloadPlan> {
    const { digest } = request;
    try {
      const weightsBytes = await findWeights(request.model);
      const model = this.ports.models?.foresee(request.model) ?? request.model;
      return planOf(pool, model, { weightsBytes, digest }, traffic);
    } catch (cause) {
      throw rolledBack(pool, new ReloadFailure('resolve', cause));
    }
  }

  /** @throws AppError 409 when another reload is under way, or when this one came to nothing */
  async reload(pool: Pool, request: ReloadRequest): Promise<ReloadResult> {
    if (this.under.has(pool)) throw busy(pool);
    const running = this.run(pool, request);
    this.under.set(pool, running);
    try {
      return await running;
    } finally {
      this.under.delete(pool);
    }
  }

  /** Waits until none is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.under.values());
  }

  private async run(pool: Pool, request: ReloadRequest): Promise<ReloadResult> {
    const { logger, drains, crewOf } = this.ports;
    const drainMsLeft = await drains.takeOver(pool);
    const journey = new Journey(request, crewOf(pool), pool.service, this.journeyPorts);
    try {
      const result = await new Reload(journey, this.steps, logger).run();
      if (journey.endedTasks === 0) pool.forcedStop = undefined;
      const facts = { ...poolFacts(pool), took_ms: result.tookMs, ended_tasks: journey.endedTasks };
      logger.info('reload', 'pool reloaded', facts);
      return result;
    } catch (failure) {
      if (drainMsLeft !== undefined && pool.service === 'draining') drains.goOn(crewOf(pool), drainMsLeft);
      throw this.refused(pool, failure);
    }
  }

  private refused(pool: Pool, failure: unknown): unknown {
    if (!(failure instanceof ReloadFailure)) return failure;
    const refusal = rolledBack(pool, failure);
    const { cause } = failure;
    const error = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    this.ports.logger.warn('reload', refusal.message, { ...poolFacts(pool), step: failure.step, error });
    return refusal;
  }
}

/** What a caller wants; every name of the current model means that one. @throws AppError `INVALID_PARAMS` when the ref is none */
export function reloadRequest(pool: Pool, ref: string, deadlineMs: number, digest: string | undefined): ReloadRequest {
  if (pool.modelNames.includes(ref)) return { model: pool.model, deadlineMs, digest };
  const refuse = (message: string) => invalidParams([{ pointer: '/new_model_ref', message }]);
  if (!isModelRef(ref)) throw refuse('must be a model ref, such as haiku-nano or file:/models/name.gguf');
  // Engines get the name as an argument of its own.
  if (ref.includes('/-')) throw refuse('must name no file or folder that begins with "-"');
  try {
    return { model: poolModel(ref), deadlineMs, digest };
  } catch {
    throw refuse('must name an absolute path, as in file:/models/name.gguf');
  }
}
