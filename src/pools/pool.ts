import { type EngineAdapter, type EngineDescription } from '@llama-orch/plugin-sdk';
import { type PoolConfig } from '../config/index.js';
import { type PoolId, poolId } from '../kernel/ids.js';
import { Generation } from './generation.js';
import { type PoolModel, poolModel } from './model-ref.js';
import { type LastError, type Replica } from './replica.js';
import { type PoolState, poolStateOf } from './replica-state.js';

/**
 * What the operator wants of a pool, beside what becomes of its replicas. `reloading`: another model takes the place of
 * the one that serves, and nobody is admitted meanwhile; `failed`: neither could be started, until a replica is ready.
 */
export type PoolService = 'open' | 'draining' | 'reloading' | 'stopped' | 'failed';

const LIVE: readonly PoolState[] = ['preloading', 'ready', 'draining', 'reloading'];
const LOADS_FOR_TASKS: readonly PoolState[] = ['unloaded', 'provisioning', 'preloading', 'draining'];

/** A configured group of interchangeable replicas. */
export class Pool {
  readonly id: PoolId;
  service: PoolService = 'open';
  /** Monotonic ms at which what keeps it from admitting tasks is over at the latest; of a drain, a reload. */
  outUntil = 0;
  /** Why its tasks were ended by force the last time. */
  forcedStop: LastError | undefined;
  private serving: Generation;
  /** The serving one and those that are staged beside it or are on their way out. */
  private readonly generations = new Set<Generation>();
  /** The latest start of all generations that are gone. */
  private pastEpoch = 0;

  constructor(
    readonly config: PoolConfig,
    readonly adapter: EngineAdapter,
    model: PoolModel = poolModel(config.model),
  ) {
    this.id = poolId(config.id);
    this.serving = new Generation(config, model);
    this.generations.add(this.serving);
  }

  /** The model that tasks get. */
  get generation(): Generation {
    return this.serving;
  }

  get model(): PoolModel {
    return this.serving.model;
  }

  get replicas(): readonly Replica[] {
    return this.serving.replicas;
  }

  /** Of the models that are staged, or on their way out. */
  get otherReplicas(): readonly Replica[] {
    return [...this.generations].filter((one) => one !== this.serving).flatMap(({ replicas }) => replicas);
  }

  /** Facts of the engine as last seen; they stay while the pool is down. */
  get description(): EngineDescription | undefined {
    return this.serving.description;
  }

  set description(description: EngineDescription | undefined) {
    this.serving.description = description;
  }

  get engine(): string {
    return this.config.engine;
  }

  get state(): PoolState {
    if (this.service !== 'open') return this.service;
    const state = poolStateOf(this.replicas.map((replica) => replica.state));
    return state === 'provisioning' && this.replicas.some(hasEngine) ? 'preloading' : state;
  }

  /** It admits tasks. */
  get ready(): boolean {
    return this.service === 'open' && this.replicas.some((replica) => replica.ready);
  }

  /** It admits tasks, or will when its model is loaded, which it is when they come. */
  get takesTasks(): boolean {
    if (this.ready || this.config.preload) return this.ready;
    return this.service === 'open' && LOADS_FOR_TASKS.includes(this.state);
  }

  get draining(): boolean {
    return this.service === 'draining' || this.service === 'reloading';
  }

  /** An engine of it runs, or loads. */
  get live(): boolean {
    return LIVE.includes(this.state);
  }

  /** What its tasks get. A pool whose engine has not answered yet counts as what it is configured to be. */
  get determinism(): EngineDescription['determinism'] {
    return this.config.determinism === 'strict' ? (this.description?.determinism ?? 'exact') : 'best_effort';
  }

  /** Tokens of one request, prompt and answer; without any bound where neither engine nor operator has told one. */
  get contextTokens(): number {
    return this.description?.contextTokens ?? this.config.ctx ?? Number.MAX_SAFE_INTEGER;
  }

  get cpu(): boolean {
    return this.config.device === 'cpu';
  }

  get slotsTotal(): number {
    return this.ready ? this.replicas.reduce((sum, replica) => sum + (replica.ready ? replica.slots : 0), 0) : 0;
  }

  /** Milliseconds until it should admit tasks; of one that only an operator brings back, `Infinity`. */
  readyInMs(now: number): number {
    if (this.service === 'stopped') return Infinity;
    const readyInMs = Math.min(...this.replicas.map((replica) => replica.readyInMs(now)));
    return this.draining ? Math.max(readyInMs, this.outUntil - now) : readyInMs;
  }

  /** The newest failure of any replica, or the last stop by force. */
  get lastError(): LastError | undefined {
    const errors = [...this.replicas.map(({ lastError }) => lastError), this.forcedStop];
    return errors.flatMap((error) => error ?? []).toSorted((a, b) => b.at_ms - a.at_ms)[0];
  }

  /** Names under which tasks may ask for the model. */
  get modelNames(): readonly string[] {
    return this.serving.modelNames;
  }

  /** A generation that serves nobody yet. */
  stage(model: PoolModel): Generation {
    const all = [...this.generations];
    const ids = new Set(all.flatMap(({ replicas }) => replicas.map(({ id }) => id)));
    const staged = new Generation(this.config, model, {
      ids,
      epoch: Math.max(this.pastEpoch, ...all.map(({ epoch }) => epoch)),
    });
    this.generations.add(staged);
    return staged;
  }

  /** From now on tasks get this generation; the one before it stays until it is dropped. */
  serve(generation: Generation): void {
    this.serving = generation;
  }

  /** Forgets a generation of which nothing runs any more. */
  drop(generation: Generation): void {
    this.pastEpoch = Math.max(this.pastEpoch, generation.epoch);
    this.generations.delete(generation);
  }

  generationOf(replica: Replica): Generation {
    for (const generation of this.generations) if (generation.replicas.includes(replica)) return generation;
    return this.serving;
  }
}

/** The engine is there, and its model loads. */
function hasEngine({ connection, state }: Replica): boolean {
  return state === 'starting' && connection !== undefined;
}
