import { type EngineAdapter, type EngineDescription } from '@llama-orch/plugin-sdk';
import { type PoolConfig } from '../config/index.js';
import { type PoolId, poolId, replicaId } from '../kernel/ids.js';
import { type PoolModel, poolModel } from './model-ref.js';
import { type LastError, Replica } from './replica.js';
import { type PoolState, poolStateOf } from './replica-state.js';

/** A configured group of interchangeable replicas. */
export class Pool {
  readonly id: PoolId;
  readonly model: PoolModel;
  readonly replicas: readonly Replica[];
  /** Facts of the engine as last seen; they stay while the pool is down. */
  description: EngineDescription | undefined;
  draining = false;

  constructor(
    readonly config: PoolConfig,
    readonly adapter: EngineAdapter,
  ) {
    this.id = poolId(config.id);
    this.model = poolModel(config.model);
    this.replicas = Array.from({ length: config.replicas }, (_, index) => this.newReplica(index));
  }

  get engine(): string {
    return this.config.engine;
  }

  get state(): PoolState {
    return poolStateOf(this.replicas.map((replica) => replica.state));
  }

  get ready(): boolean {
    return !this.draining && this.replicas.some((replica) => replica.ready);
  }

  /** What its tasks get. A pool whose engine has not answered yet counts as what it is configured to be. */
  get determinism(): EngineDescription['determinism'] {
    return this.config.determinism === 'strict' ? (this.description?.determinism ?? 'exact') : 'best_effort';
  }

  get cpu(): boolean {
    return this.config.device === 'cpu';
  }

  get slotsTotal(): number {
    return this.replicas.reduce((sum, replica) => sum + (replica.ready ? replica.slots : 0), 0);
  }

  /** Milliseconds until one of its replicas should be Ready. */
  readyInMs(now: number): number {
    return Math.min(...this.replicas.map((replica) => replica.readyInMs(now)));
  }

  /** The newest failure of any replica. */
  get lastError(): LastError | undefined {
    return this.replicas.flatMap((replica) => replica.lastError ?? []).toSorted((a, b) => b.at_ms - a.at_ms)[0];
  }

  /** Names under which tasks may ask for the model. */
  get modelNames(): readonly string[] {
    const digest = this.description?.modelDigest;
    return [...new Set([this.model.ref, this.model.id, ...(digest === undefined ? [] : [digest])])];
  }

  private newReplica(index: number): Replica {
    const { config, model } = this;
    const id = replicaId(this.id, index);
    const replica = new Replica(id, {
      poolId: this.id,
      replicaId: id,
      ...(config.endpoint === undefined ? {} : { url: config.endpoint }),
      model: { ref: model.ref, id: model.id, ...(model.path === undefined ? {} : { path: model.path }) },
      slots: config.slots,
      ...(config.ctx === undefined ? {} : { contextTokens: config.ctx }),
      loadTimeoutMs: config.timeouts.load_ms,
    });
    const { enabled, min } = config.adaptive_concurrency;
    if (enabled) replica.slotLimit = min;
    return replica;
  }
}
