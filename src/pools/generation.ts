import { type EngineDescription } from '@llama-orch/plugin-sdk';
import { type PoolConfig } from '../config/index.js';
import { type PoolId, type ReplicaId, poolId, replicaId } from '../kernel/ids.js';
import { type PoolModel } from './model-ref.js';
import { Replica } from './replica.js';

/** What a pool serves or will serve, as far as it is known. */
export interface Served {
  /** Names under which tasks may ask for the model. */
  readonly modelNames: readonly string[];
  /** Undefined until an engine has answered. */
  readonly description: EngineDescription | undefined;
}

/** Generations that live beside a new one. */
export interface Neighbours {
  /** Ids that are taken. */
  readonly ids: ReadonlySet<ReplicaId>;
  /** Starts are counted on from here, so that no id and epoch ever come twice. */
  readonly epoch: number;
}

const NOBODY: Neighbours = { ids: new Set(), epoch: 0 };

/** One model of a pool with the replicas that serve it. A reload stages the next one beside it. */
export class Generation implements Served {
  readonly replicas: readonly Replica[];
  /** Facts of the engine as last seen; they stay while it is down. */
  description: EngineDescription | undefined;

  constructor(
    private readonly config: PoolConfig,
    readonly model: PoolModel,
    neighbours: Neighbours = NOBODY,
  ) {
    const ids = freeIds(poolId(config.id), neighbours.ids);
    const length = replicaCount(config);
    this.replicas = Array.from({ length }, () => this.newReplica(ids.next().value, neighbours.epoch));
  }

  get modelNames(): readonly string[] {
    return namesOf(this.model, this.description?.modelDigest);
  }

  /** The latest start of any replica. */
  get epoch(): number {
    return Math.max(...this.replicas.map((replica) => replica.epoch));
  }

  private newReplica(id: ReplicaId, epoch: number): Replica {
    const { config, model } = this;
    const replica = new Replica(id, {
      poolId: config.id,
      replicaId: id,
      ...(config.endpoint === undefined ? {} : { url: config.endpoint }),
      model: { ref: model.ref, id: model.id, ...(model.path === undefined ? {} : { path: model.path }) },
      slots: config.slots,
      ...(config.ctx === undefined ? {} : { contextTokens: config.ctx }),
      loadTimeoutMs: config.timeouts.load_ms,
    });
    replica.epoch = epoch;
    const { enabled, min } = config.adaptive_concurrency;
    if (enabled) replica.slotLimit = min;
    return replica;
  }
}

/** Devices that nobody could count are taken for one. */
function replicaCount({ replicas }: PoolConfig): number {
  return replicas === 'per-device' ? 1 : replicas;
}

/** Names of a model whose digest may not be known yet. */
export function namesOf({ ref, id, otherNames }: PoolModel, digest?: string): readonly string[] {
  return [...new Set([ref, id, ...(digest === undefined ? [] : [digest]), ...(otherNames?.() ?? [])])];
}

/** The lowest ids that nobody has, so that they stay few however often a pool is reloaded. */
function* freeIds(pool: PoolId, taken: ReadonlySet<ReplicaId>): Generator<ReplicaId, never> {
  for (let index = 0; ; index++) {
    const id = replicaId(pool, index);
    if (!taken.has(id)) yield id;
  }
}
