import { type Catalog } from '../../catalog/catalog.js';
import { type CatalogEntry, type ModelState } from '../../catalog/entry.js';
import { type Logger } from '../../observability/logger.js';
import { type Pool } from '../pool.js';
import { type Pools } from '../pools.js';

export interface LifecyclePorts {
  readonly catalog: Catalog;
  readonly pools: Pools;
  readonly logger: Logger;
}

/** Takes models out of service and brings them back, with the pools that serve them. */
export class ModelLifecycle {
  private readonly turns = new Map<Pool, Promise<unknown>>();

  constructor(private readonly ports: LifecyclePorts) {}

  /** Ids of the pools that serve the model, or would when their engine comes. */
  usersOf(entry: CatalogEntry): readonly string[] {
    return this.poolsOf(entry).flatMap((pool) => (isInUse(pool) ? [pool.id as string] : []));
  }

  /** Ids of the engines that the model is served by. */
  enginesOf(entry: CatalogEntry): readonly string[] {
    return [...new Set(this.poolsOf(entry).map(({ engine }) => engine))];
  }

  /**
   * Changes the state; new tasks feel it when this resolves. Pools drain, or provision, afterwards.
   * @throws AppError 404 for a model that is not there
   */
  async set(id: string, state: ModelState, deadlineMs: number): Promise<void> {
    const { catalog } = this.ports;
    if (catalog.require(id).state === state) return;
    const entry = await catalog.setState(id, state);
    if (state === 'Retired') this.follow(id, this.retire(entry, deadlineMs));
    else for (const pool of this.poolsOf(entry)) this.follow(id, this.provision(pool));
  }

  /** Starts pools anew that failed: their weights, or what is known of them, have come. */
  arrived(entry: CatalogEntry): void {
    for (const pool of this.poolsOf(entry))
      if (pool.state === 'failed') this.follow(entry.id, this.ports.pools.startAnew(pool));
  }

  /** Nobody waits for the pools. */
  private follow(id: string, change: Promise<void>): void {
    change.catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      this.ports.logger.error('pool_state', `a pool did not follow its model ${id}: ${why}`, { model_id: id });
    });
  }

  private async retire(entry: CatalogEntry, deadlineMs: number): Promise<void> {
    const { pools, catalog, logger } = this.ports;
    const isStill = () => catalog.get(entry.id)?.state === 'Retired';
    // A reload under way may be about to bring the model, or to take it away.
    const concerned = pools.all.filter((pool) => this.isOf(pool, entry) || pools.isReloading(pool));
    const unload = async (pool: Pool) => {
      const isBegun = await this.inTurn(pool, () => {
        if (!isStill() || !this.isOf(pool, entry) || !isInUse(pool)) return false;
        pools.retire(pool, deadlineMs);
        return true;
      });
      if (!isBegun) return [];
      await pools.drained(pool);
      return pool.service === 'stopped' ? [pool.id as string] : [];
    };
    const unloaded = (await Promise.all(concerned.map(unload))).flat();
    if (!isStill()) return;
    logger.info('retire', `model ${entry.id} is retired`, {
      ...{ model_id: entry.id, model_digest: entry.digest },
      ...{ pools_unloaded: unloaded, archives_retained: true },
    });
  }

  private provision(pool: Pool): Promise<void> {
    const { catalog, pools } = this.ports;
    return this.inTurn(pool, async () => {
      if (catalog.find(pool.model.ref)?.state === 'Active') await pools.provision(pool);
    });
  }

  /** What begins with a pool begins after what was begun before, and after its reload; a drain may go on meanwhile. */
  private inTurn<Result>(pool: Pool, begin: () => Result | Promise<Result>): Promise<Result> {
    const turn = (this.turns.get(pool) ?? Promise.resolve()).then(async () => {
      await this.ports.pools.reloaded(pool);
      return begin();
    });
    this.turns.set(
      pool,
      turn.catch(() => {}),
    );
    return turn;
  }

  private poolsOf(entry: CatalogEntry): readonly Pool[] {
    return this.ports.pools.all.filter((pool) => this.isOf(pool, entry));
  }

  private isOf({ model }: Pool, { id }: CatalogEntry): boolean {
    return this.ports.catalog.find(model.ref)?.id === id;
  }
}

function isInUse(pool: Pool): boolean {
  return pool.service !== 'stopped';
}
