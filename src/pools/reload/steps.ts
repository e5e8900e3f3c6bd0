import { EngineError } from '@llama-orch/plugin-sdk';
import { type Crew } from '../crew.js';
import { tryOut } from './golden.js';
import { type PoolModels } from '../models/pool-models.js';
import { type Journey } from './journey.js';
import { findWeights, requireDigest, requireReadable, requireSameDigest, requireSoundHeader } from './weights.js';

/**
 * What a reload does, step by step. A step that fails says why by an error whose message the caller may read, and has
 * told the journey how to undo whatever it began.
 */
export class ReloadSteps {
  /** Without `models`, refs mean what they say: there is no catalog. */
  constructor(private readonly models?: PoolModels) {}

  /** Finds out what the new model is. */
  async resolve(journey: Journey): Promise<void> {
    journey.weightsBytes = await findWeights(journey.model);
    if (this.models !== undefined) journey.model = await this.models.resolve(journey.model);
  }

  /** Makes sure that the weights are here. */
  async stage({ pool, model, ports }: Journey): Promise<void> {
    await requireReadable(model);
    await this.models?.stage(pool, model, ports.stop);
  }

  /** Looks at the weights before any engine does. */
  async verify({ pool, model, request, ports }: Journey): Promise<void> {
    await requireSoundHeader(model);
    if (request.digest !== undefined) await requireDigest(model, request.digest, ports.stop);
    await this.models?.verify(pool, model, ports.stop);
  }

  /** Lets tasks on the old engines end: before the new model starts where memory is short, else once it serves. */
  async drain(journey: Journey): Promise<void> {
    const { old, pool, ports } = journey;
    ports.metrics.drainEvents.inc({ pool_id: pool.id, reason: 'reload' });
    if (pool.generation === old.generation) {
      await journey.letStrangersGo(journey.next);
      journey.hold();
    }
    await journey.letRunsEnd(old.generation.replicas);
  }

  /** Ends the old engines to make room; they can come back. */
  async stop(journey: Journey): Promise<void> {
    const { old, ports } = journey;
    journey.undoBy(async () => {
      journey.oldIsLost = !(await old.restore(ports.stop));
    });
    await old.unload();
  }

  /** Loads the new model; nobody is served by it yet. */
  async start(journey: Journey): Promise<void> {
    const { pool, ports, model } = journey;
    const crew = ports.stage(pool, model);
    journey.staged = crew;
    journey.undoBy(() => this.unstage(journey, crew));
    crew.start();
    await crew.allReady(ports.stop);
    journey.requireGoing();
  }

  /** Has the new model answer test prompts, and looks whether it is as fast as it was where it is the same model. */
  async probe(journey: Journey): Promise<void> {
    const { newcomer, request, ports } = journey;
    const { model, description, replicas } = newcomer.generation;
    if (request.digest !== undefined) requireSameDigest(model.id, description?.modelDigest, request.digest);
    const least = this.leastSpeed(journey);
    for (const replica of replicas) {
      const speed = await tryOut(replica, least, ports.clock, ports.stop);
      if (speed !== undefined && least !== undefined && speed < least) throw tooSlow(replica.id, speed, least);
    }
  }

  /** The new model serves from here on. */
  async shift(journey: Journey): Promise<void> {
    const { old, newcomer, pool } = journey;
    journey.undoBy(async () => {
      if (pool.generation === newcomer.generation) await journey.exchange(newcomer, old);
    });
    await journey.exchange(old, newcomer);
  }

  /** The last look: after it there is no way back. */
  commit({ newcomer, pool }: Journey): Promise<void> {
    if (newcomer.readyReplicas.length > 0) return Promise.resolve();
    const why = pool.lastError?.message ?? 'it was lost';
    return Promise.reject(new EngineError('unavailable', `the new model serves no more: ${why}`));
  }

  private async unstage(journey: Journey, crew: Crew): Promise<void> {
    await journey.letRunsEnd(crew.generation.replicas);
    await journey.ports.dismiss(crew);
    journey.staged = undefined;
  }

  /**
   * Tokens per second that an unchanged model has to reach; undefined where nothing says how fast it was, and where any
   * speed is better than what the pool came from.
   */
  private leastSpeed({ old, oldServed, newcomer, pool, ports }: Journey): number | undefined {
    const { min_speed: share } = pool.config.reload;
    const digest = newcomer.generation.description?.modelDigest;
    if (!oldServed || share === 0 || digest === undefined || digest !== old.generation.description?.modelDigest)
      return undefined;
    const usual = ports.traffic.decodeRate(pool);
    return usual === undefined ? undefined : usual * share;
  }
}

function tooSlow(id: string, speed: number, least: number): EngineError {
  const [has, needs] = [speed, least].map((rate) => rate.toFixed(1));
  return new EngineError(
    'unavailable',
    `replica ${id} decodes ${has} tokens per second, at least ${needs} are asked of it; see reload.min_speed of the pool`,
    { reason: 'too_slow' },
  );
}
