import { type EngineDescription, type EngineEndpoint } from '@llama-orch/plugin-sdk';
import { type Cleared, type ModelGate } from '../../catalog/model-gate.js';
import { type Launch, type Launcher } from '../launch.js';
import { type Pool } from '../pool.js';

/** Starts nothing that the catalog does not let through, and keeps what an engine uses from being removed. */
export class CatalogLauncher implements Launcher {
  constructor(
    private readonly gate: Pick<ModelGate, 'clear'>,
    private readonly next: Launcher,
    /** Weights that a pool brings along by its own configuration. */
    private readonly weightsOf: (pool: Pool) => string | undefined,
  ) {}

  async launch(pool: Pool, endpoint: EngineEndpoint, stop: AbortSignal): Promise<Launch> {
    const { ref } = endpoint.model;
    const ownPath = ref === pool.config.model ? this.weightsOf(pool) : undefined;
    const cleared = await this.gate.clear(ref, { isElsewhere: endpoint.url !== undefined, ownPath }, stop);
    try {
      return new ClearedLaunch(await this.next.launch(pool, withWeights(endpoint, cleared), stop), cleared);
    } catch (error) {
      cleared.release();
      throw error;
    }
  }
}

function withWeights(endpoint: EngineEndpoint, { path }: Cleared): EngineEndpoint {
  return path === undefined ? endpoint : { ...endpoint, model: { ...endpoint.model, path } };
}

class ClearedLaunch implements Launch {
  constructor(
    private readonly inner: Launch,
    private readonly cleared: Cleared,
  ) {}

  get endpoint(): EngineEndpoint {
    return this.inner.endpoint;
  }

  get lost(): Launch['lost'] {
    return this.inner.lost;
  }

  async described(description: EngineDescription): Promise<void> {
    await this.cleared.confirm(description.modelDigest);
    await this.inner.described?.(description);
  }

  loaded(): void {
    this.inner.loaded?.();
  }

  failed(error: Parameters<NonNullable<Launch['failed']>>[0]): void {
    this.inner.failed?.(error);
  }

  async end(): Promise<void> {
    await this.inner.end();
    this.cleared.release();
  }
}
