import { isEngineError } from '@llama-orch/plugin-sdk';
import { type Logger } from '../../observability/logger.js';
import { poolFacts } from '../pool-facts.js';
import { type Journey } from './journey.js';
import { type ReloadSteps } from './steps.js';

export type StepName = Exclude<keyof ReloadSteps, symbol>;

export interface ReloadResult {
  readonly modelRef: string;
  readonly modelDigest: string | undefined;
  readonly engineVersion: string;
  readonly tookMs: number;
}

/** A reload came to nothing and everything is as it was before. */
export class ReloadFailure extends Error {
  override readonly name = 'ReloadFailure';

  constructor(
    readonly step: StepName,
    override readonly cause: unknown,
  ) {
    super(`the step ${step} of a reload failed`, { cause });
  }
}

/** Gives a pool another model: all of its steps, or none. */
export class Reload {
  private readonly beganAt: number;

  constructor(
    private readonly journey: Journey,
    private readonly steps: ReloadSteps,
    private readonly logger: Logger,
  ) {
    this.beganAt = journey.ports.clock.now();
  }

  /** @throws ReloadFailure when everything is undone */
  async run(): Promise<ReloadResult> {
    const { journey } = this;
    journey.undoBy(() => this.restoreService());
    try {
      await this.takeAll();
    } catch (failure) {
      await journey.goBack();
      throw failure;
    }
    await journey.ports.dismiss(journey.old);
    return this.result();
  }

  private async takeAll(): Promise<void> {
    await this.take('resolve');
    await this.take('stage');
    await this.take('verify');
    const isBeside = await this.startBeside();
    if (!isBeside) await this.startAfterwards();
    await this.take('probe');
    await this.take('shift');
    if (isBeside) await this.take('drain');
    await this.take('commit');
  }

  /** Loads the new model while the old one serves; false when the memory holds only one of them. */
  private async startBeside(): Promise<boolean> {
    const { journey } = this;
    const waysBack = journey.undoCount;
    try {
      await this.take('start');
      return true;
    } catch (failure) {
      if (!isShortOfMemory(failure) || journey.old.readyReplicas.length === 0) throw failure;
      // Nobody goes without service for what cannot be.
      if (!journey.wouldFitAlone) throw failure;
      await journey.goBack(waysBack);
      this.log('reload: memory is short, so the old model ends first', { step: 'start' });
      return false;
    }
  }

  private async startAfterwards(): Promise<void> {
    await this.take('drain');
    await this.take('stop');
    await this.take('start');
  }

  /** The one place that takes steps. @throws ReloadFailure */
  private async take(step: StepName): Promise<void> {
    const { journey, steps } = this;
    try {
      journey.requireGoing();
      await steps[step](journey);
      journey.requireGoing();
    } catch (cause) {
      throw new ReloadFailure(step, cause);
    }
    this.log(`reload: ${step} is done`, { step });
  }

  /** The pool is to callers what it was before. */
  private restoreService(): void {
    const { pool, cameFrom, oldIsLost, ports } = this.journey;
    pool.service = oldIsLost ? 'failed' : cameFrom;
    if (pool.service === 'failed' || pool.service === 'stopped')
      ports.traffic.endWaiting(
        pool,
        `pool ${pool.id} serves no model; send the task to another pool, or when it is back`,
      );
    if (pool.service === 'draining' || pool.service === 'stopped') ports.traffic.hold(pool);
    else ports.traffic.open(pool);
  }

  private result(): ReloadResult {
    const { generation } = this.journey.newcomer;
    return {
      modelRef: generation.model.ref,
      modelDigest: generation.description?.modelDigest,
      engineVersion: generation.description!.engineVersion,
      tookMs: Math.round(this.journey.ports.clock.now() - this.beganAt),
    };
  }

  private log(message: string, fields: Readonly<Record<string, unknown>>): void {
    const { pool, model } = this.journey;
    this.logger.info('reload', message, { ...poolFacts(pool), model_id: model.id, ...fields });
  }
}

function isShortOfMemory(failure: unknown): boolean {
  return failure instanceof ReloadFailure && isEngineError(failure.cause) && failure.cause.code === 'out-of-memory';
}
