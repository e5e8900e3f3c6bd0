import { Crew } from './crew.js';
import { Drains } from './drains.js';
import { type PoolModel } from './model-ref.js';
import { type Pool } from './pool.js';
import { type PoolListener } from './pool-events.js';
import { type PoolModels } from './models/pool-models.js';
import { type JourneyPorts, type ReloadRequest } from './reload/journey.js';
import { type ReloadPlan } from './reload/plan.js';
import { busy } from './reload/refusals.js';
import { type ReloadResult } from './reload/reload.js';
import { Reloads } from './reload/reloads.js';
import { ReloadSteps } from './reload/steps.js';
import { type Replica } from './replica.js';
import { showEngineGauges } from './engine-gauges.js';
import { showBreakers } from './replica-telemetry.js';
import { type BrokenRun, type SupervisorPorts } from './supervisor.js';
import { type PoolTraffic } from './traffic.js';

export type PoolsPorts = Omit<SupervisorPorts, 'listener'> & {
  /** Absent: there is no catalog, and refs mean what they say. */
  readonly models?: PoolModels;
  /** Absent: nobody counts memory. */
  readonly wouldFit?: JourneyPorts['wouldFit'];
};

/** Those who are served by the pools. */
interface Host {
  readonly listener: PoolListener;
  readonly traffic: PoolTraffic;
  readonly drains: Drains;
  readonly reloads: Reloads;
}

/** All pools of the daemon, the supervisors of their replicas, and what operators do with them. */
export class Pools implements PoolListener {
  /** Of serving, staged and leaving generations. */
  private readonly crews = new Set<Crew>();
  private readonly stopping = new AbortController();
  private host: Host | undefined;

  constructor(
    readonly all: readonly Pool[],
    private readonly ports: PoolsPorts,
  ) {}

  get(id: string): Pool | undefined {
    return this.all.find((pool) => pool.id === id);
  }

  /** The catalog knows its model, which nobody gets any more. */
  isRetired(pool: Pool): boolean {
    return this.ports.models?.isRetired(pool) === true;
  }

  /** Begins to load every replica; `listener` hears what becomes of them, `traffic` gives out their slots. Does not wait. */
  start(listener: PoolListener, traffic: PoolTraffic): void {
    this.host = this.hostOf(listener, traffic);
    this.ports.metrics.beforeScrape(() => showBreakers(this.all, this.ports.metrics));
    showEngineGauges(() => this.all, this.ports.metrics);
    for (const pool of this.all) {
      this.ports.metrics.poolReady.set({ pool_id: pool.id }, 0);
      this.ports.metrics.drainEvents.inc({ pool_id: pool.id, reason: 'api_request' }, 0);
      this.ports.metrics.poolCpu.set({ pool_id: pool.id }, pool.cpu ? 1 : 0);
      const crew = this.newCrew(pool);
      crew.serving = true;
      const isRetired = this.isRetired(pool);
      if (isRetired) pool.service = 'stopped';
      crew.start(isRetired || !pool.config.preload);
    }
  }

  /** Ends every engine, and every drain and reload, and waits until none is left. */
  async stop(): Promise<void> {
    this.stopping.abort();
    for (const pool of this.all) this.ports.metrics.drainEvents.inc({ pool_id: pool.id, reason: 'shutdown' });
    await Promise.all([...this.crews].map((crew) => crew.stop()));
    await this.host?.reloads.settled();
  }

  /** Takes a pool out of service, or gives the drain under way another deadline. @throws AppError 409 during a reload */
  drain(pool: Pool, deadlineMs: number): void {
    const { drains, reloads } = this.serving;
    if (reloads.isUnderWay(pool)) throw busy(pool);
    drains.drain(this.crewOf(pool), deadlineMs);
    this.showReadiness(pool);
  }

  /** Takes a pool out of service because its model is. */
  retire(pool: Pool, deadlineMs: number): void {
    this.serving.drains.drain(this.crewOf(pool), deadlineMs, 'retire');
    this.showReadiness(pool);
  }

  /** Waits until the engines of a pool that drains are gone, or somebody else cares for it. */
  drained(pool: Pool): Promise<void> {
    return this.serving.drains.over(pool);
  }

  /** Returns a pool that was taken out of service, or is being taken, with the model that it has; not during a reload. */
  async provision(pool: Pool): Promise<void> {
    const { drains, traffic } = this.serving;
    await drains.takeOver(pool);
    if (pool.service !== 'draining' && pool.service !== 'stopped') return;
    pool.service = 'open';
    traffic.open(pool);
    for (const replica of this.crewOf(pool).readyReplicas) this.replicaReady(pool, replica);
    if (pool.config.preload) this.crewOf(pool).wake();
    this.showReadiness(pool);
  }

  /** Starts the replicas of a failed pool without waiting for their breakers. */
  async startAnew(pool: Pool): Promise<void> {
    const crew = this.crewOf(pool);
    await crew.unload();
    if (pool.service === 'open' && pool.config.preload) crew.wake();
  }

  isReloading(pool: Pool): boolean {
    return this.serving.reloads.isUnderWay(pool);
  }

  /** Waits until no reload of the pool is under way. */
  reloaded(pool: Pool): Promise<void> {
    return this.serving.reloads.over(pool);
  }

  /** Gives a pool another model, or the same one anew. @throws AppError 409 when that came to nothing */
  async reload(pool: Pool, request: ReloadRequest): Promise<ReloadResult> {
    const reloading = this.serving.reloads.reload(pool, request);
    try {
      return await reloading;
    } finally {
      this.showReadiness(pool);
    }
  }

  planReload(pool: Pool, request: ReloadRequest): Promise<ReloadPlan> {
    const { reloads, traffic } = this.serving;
    return reloads.plan(pool, request, traffic);
  }

  /** A run on this replica broke. */
  suspect(id: Replica['id'], run?: BrokenRun): void {
    this.supervisorOf(id)?.suspect(run);
  }

  /** This start of a replica does not give a slot back. */
  giveUp(id: Replica['id'], epoch: number, message: string): void {
    this.supervisorOf(id)?.giveUp(epoch, message);
  }

  /** Loads the model of an unloaded replica; harmless for any other. */
  wake(id: Replica['id']): void {
    this.supervisorOf(id)?.wake();
  }

  /** Ends the engine of a replica until it is woken, and waits until nothing of it is left in memory. */
  async unload(id: Replica['id']): Promise<void> {
    await this.supervisorOf(id)?.unload();
  }

  /** A ready replica gets no further task. */
  pause(pool: Pool, replica: Replica): void {
    replica.moveTo('draining');
    this.replicaLost(pool, replica);
  }

  resume(pool: Pool, replica: Replica): void {
    replica.moveTo('ready');
    this.replicaReady(pool, replica);
  }

  replicaReady(pool: Pool, replica: Replica): void {
    if (pool.service === 'failed') pool.service = 'open';
    this.host?.listener.replicaReady(pool, replica);
    this.showReadiness(pool);
  }

  memoryChanged(pool: Pool, replica: Replica): void {
    this.host?.listener.memoryChanged?.(pool, replica);
  }

  replicaLost(pool: Pool, replica: Replica): void {
    this.host?.listener.replicaLost(pool, replica);
    this.showReadiness(pool);
  }

  poolFailed(pool: Pool): void {
    this.host?.listener.poolFailed(pool);
  }

  private get serving(): Host {
    if (this.host === undefined) throw new Error('the pools have not been started');
    return this.host;
  }

  private hostOf(listener: PoolListener, traffic: PoolTraffic): Host {
    const { clock, logger, metrics, models, wouldFit = () => true } = this.ports;
    const stop = this.stopping.signal;
    const crewOf = (pool: Pool) => this.crewOf(pool);
    const drains = new Drains({ clock, logger, metrics, traffic, stop });
    const journeyPorts = {
      ...{ clock, metrics, traffic, stop, wouldFit },
      stage: (pool: Pool, model: PoolModel) => this.newCrew(pool, model),
      appoint: (crew: Crew, before: Crew) => this.appoint(crew, before),
      dismiss: (crew: Crew) => this.dismiss(crew),
    };
    const reloads = new Reloads({ clock, logger, drains, crewOf, models }, journeyPorts, new ReloadSteps(models));
    return { listener, traffic, drains, reloads };
  }

  /** With a model: of a generation that serves nobody yet. */
  private newCrew(pool: Pool, model?: PoolModel): Crew {
    const generation = model === undefined ? pool.generation : pool.stage(model);
    const crew = new Crew(pool, generation, this.ports, this);
    this.crews.add(crew);
    return crew;
  }

  /** Tasks get the replicas of another crew, from one turn to the next. */
  private appoint(crew: Crew, before: Crew): void {
    const { traffic } = this.serving;
    const { pool } = crew;
    before.serving = false;
    for (const replica of before.generation.replicas) traffic.retire(pool, replica);
    pool.serve(crew.generation);
    crew.serving = true;
    pool.service = 'open';
    traffic.open(pool);
    for (const replica of crew.readyReplicas) this.replicaReady(pool, replica);
    this.showReadiness(pool);
  }

  private async dismiss(crew: Crew): Promise<void> {
    await crew.stop();
    this.crews.delete(crew);
    crew.pool.drop(crew.generation);
  }

  private crewOf(pool: Pool): Crew {
    for (const crew of this.crews) if (crew.pool === pool && crew.serving) return crew;
    throw new Error(`nobody supervises pool ${pool.id}`);
  }

  private supervisorOf(id: Replica['id']) {
    for (const crew of this.crews) {
      const supervisor = crew.supervisorOf(id);
      if (supervisor !== undefined) return supervisor;
    }
    return undefined;
  }

  private showReadiness(pool: Pool): void {
    this.ports.metrics.poolReady.set({ pool_id: pool.id }, pool.ready ? 1 : 0);
  }
}
