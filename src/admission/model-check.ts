import { type Catalog } from '../catalog/catalog.js';
import { type FetchProgress } from '../catalog/fetch/fetch-progress.js';
import { BY_POOL, type CatalogEntry } from '../catalog/entry.js';
import { type ModelFetches } from '../catalog/model-fetches.js';
import { parseModelRef } from '../catalog/refs/model-ref.js';
import { AppError, invalidParams } from '../kernel/errors.js';
import { type Pool } from '../pools/pool.js';
import { clampRetryMs } from '../scheduling/promises/retry-wait.js';
import { poolsWithModel } from './candidates.js';

const USUAL_WAIT_MS = 10_000;

/** Is the model of a task known, in service, and here? */
export class ModelCheck {
  constructor(
    private readonly catalog: Pick<Catalog, 'find'>,
    private readonly fetches: Pick<ModelFetches, 'wanted' | 'isHere'>,
  ) {}

  /** Pools that serve the model. @throws AppError 400, 403 for a retired model, 404, 503 when no pool serves it */
  poolsFor(modelRef: string, pools: readonly Pool[]): readonly Pool[] {
    const named = pools.filter((pool) => pool.modelNames.includes(modelRef));
    const active = named.filter((pool) => this.entryOf(pool)?.state !== 'Retired');
    if (active.length > 0) return active;
    const entry = named.length > 0 ? this.entryOf(named[0]!) : this.catalog.find(modelRef);
    if (entry?.state === 'Retired') throw deprecated(entry, named[0]);
    // A model that only a pool has named is known for as long as a pool serves it.
    if (entry !== undefined && entry.addedBy !== BY_POOL) throw unserved(entry);
    const parsed = parseModelRef(modelRef);
    if (parsed.type === 'malformed') throw invalidParams([{ pointer: '/model_ref', message: parsed.message }]);
    return poolsWithModel(modelRef, pools);
  }

  /** Asks for weights that are not here. @throws AppError 503 that says when they will be, or what to do */
  async requireWeights(pools: readonly Pool[]): Promise<void> {
    if (pools.some(({ ready }) => ready)) return;
    for (const pool of pools) {
      const entry = this.entryOf(pool);
      if (entry === undefined || pool.config.endpoint !== undefined) continue;
      const isMissed = pool.lastError?.reason === 'model_missing';
      if (!isMissed && (await this.fetches.isHere(entry))) continue;
      const progress = await this.fetches.wanted(entry);
      throw progress === undefined ? notHere(entry, pool) : coming(entry, pool, progress);
    }
  }

  private entryOf({ model }: Pool): CatalogEntry | undefined {
    return this.catalog.find(model.ref);
  }
}

function deprecated({ id }: CatalogEntry, pool: Pool | undefined): AppError {
  const members = pool === undefined ? { engine: null } : { engine: pool.engine, pool_id: pool.id };
  return new AppError('MODEL_DEPRECATED', `model ${id} is retired; name another model, or ask the operator`, {
    members,
  });
}

function unserved({ id }: CatalogEntry): AppError {
  const message = `no pool serves model ${id}; the operator has to give it to a pool, such as by a reload`;
  return new AppError('POOL_UNAVAILABLE', message, { members: { engine: null, retriable: false } });
}

function coming({ id }: CatalogEntry, pool: Pool, { percent, eta_ms }: FetchProgress): AppError {
  const waitMs = clampRetryMs(eta_ms ?? USUAL_WAIT_MS);
  const done = percent === null ? '' : ` (${Math.floor(percent)} % are here)`;
  const message = `the weights of model ${id} are being fetched${done}; try again in ${Math.ceil(waitMs / 1000)} s`;
  return new AppError('POOL_UNREADY', message, {
    members: { engine: pool.engine, pool_id: pool.id, retry_after_ms: waitMs },
  });
}

function notHere({ id }: CatalogEntry, pool: Pool): AppError {
  const message = `the weights of model ${id} are not on this machine; the operator has to run llama-orch models pull ${id}`;
  return new AppError('POOL_UNREADY', message, {
    members: { engine: pool.engine, pool_id: pool.id, retriable: false },
  });
}
