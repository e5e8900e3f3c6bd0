import { type Catalog } from '../../catalog/catalog.js';
import { type ModelFetches } from '../../catalog/model-fetches.js';
import { type ModelGate } from '../../catalog/model-gate.js';
import { type PoolModel, catalogModel, poolModel } from '../model-ref.js';
import { type Pool } from '../pool.js';

/** What the catalog knows of the models of pools. */
export class PoolModels {
  constructor(
    private readonly catalog: Pick<Catalog, 'find'>,
    private readonly gate: Pick<ModelGate, 'entryOf' | 'requireServable' | 'clear'>,
    private readonly fetches: Pick<ModelFetches, 'ensure'>,
  ) {}

  /** The model of a ref, as far as the catalog knows it. */
  modelOf(ref: string): PoolModel {
    const entry = this.catalog.find(ref);
    return entry === undefined ? poolModel(ref) : catalogModel(ref, entry, () => this.catalog.find(ref));
  }

  isRetired({ model }: Pool): boolean {
    return this.catalog.find(model.ref)?.state === 'Retired';
  }

  /** What a ref means, as far as it is known; nothing is written down. @throws EngineError when it may not be served */
  foresee({ ref }: PoolModel): PoolModel {
    this.gate.requireServable(ref);
    return this.modelOf(ref);
  }

  /** Finds out what a ref means, and gives it an entry. @throws EngineError when it may not be served */
  async resolve({ ref }: PoolModel): Promise<PoolModel> {
    await this.gate.entryOf(ref);
    return this.modelOf(ref);
  }

  /** Makes sure that the weights are here: whoever asks for a reload asks for them. @throws EngineError */
  async stage({ config }: Pool, { ref }: PoolModel, stop: AbortSignal): Promise<void> {
    if (config.endpoint !== undefined) return;
    await this.fetches.ensure(await this.gate.entryOf(ref), stop);
  }

  /** Looks whether a start would be let through. @throws EngineError */
  async verify({ config }: Pool, { ref }: PoolModel, stop: AbortSignal): Promise<void> {
    const cleared = await this.gate.clear(
      ref,
      { isElsewhere: config.endpoint !== undefined, ownPath: undefined },
      stop,
    );
    cleared.release();
  }
}
