import { type EngineError } from '@llama-orch/plugin-sdk';
import { Conditions } from './conditions.js';
import { type Generation } from './generation.js';
import { type Pool } from './pool.js';
import { type PoolListener } from './pool-events.js';
import { type Replica } from './replica.js';
import { Supervisor, type SupervisorPorts } from './supervisor.js';

/** The supervisors of one generation: they start, rest, wake and end together. */
export class Crew implements PoolListener {
  /** Its replicas take tasks; those above are not told that a replica of another generation is ready. */
  serving = false;
  private readonly supervisors: ReadonlyMap<Replica['id'], Supervisor>;
  /** Why the last start of a replica came to nothing. */
  private readonly failures = new Map<Replica['id'], EngineError>();
  private readonly conditions = new Conditions();

  constructor(
    readonly pool: Pool,
    readonly generation: Generation,
    ports: Omit<SupervisorPorts, 'listener'>,
    private readonly above: PoolListener,
  ) {
    const supervise = (replica: Replica) => new Supervisor(pool, replica, { ...ports, listener: this });
    this.supervisors = new Map(generation.replicas.map((replica) => [replica.id, supervise(replica)]));
  }

  supervisorOf(id: Replica['id']): Supervisor | undefined {
    return this.supervisors.get(id);
  }

  get readyReplicas(): readonly Replica[] {
    return this.generation.replicas.filter((replica) => replica.ready);
  }

  /** `onDemand`: nothing is loaded before it is woken. */
  start(onDemand = false): void {
    for (const supervisor of this.supervisors.values()) supervisor.start(onDemand);
  }

  /** Waits until all replicas are ready. @throws EngineError as soon as one start came to nothing */
  async allReady(stop: AbortSignal): Promise<void> {
    const { replicas } = this.generation;
    await this.conditions.until(() => this.failures.size > 0 || replicas.every(({ ready }) => ready), stop);
    const [failure] = this.failures.values();
    if (failure !== undefined) throw failure;
  }

  /** Loads what rests; harmless for anything else. */
  wake(): void {
    for (const supervisor of this.supervisors.values()) supervisor.wake();
  }

  /** Wakes what rests, and waits until each replica is ready or has failed; false when none is ready then. */
  async restore(stop: AbortSignal): Promise<boolean> {
    const { replicas } = this.generation;
    this.failures.clear();
    this.wake();
    await this.conditions.until(() => replicas.every(({ id, ready }) => ready || this.failures.has(id)), stop);
    return this.readyReplicas.length > 0;
  }

  /** Ends the engines and waits until they are gone; they come back when they are woken. */
  async unload(): Promise<void> {
    await Promise.all([...this.supervisors.values()].map((supervisor) => supervisor.unload()));
  }

  /** Ends the engines for good and waits until they are gone. */
  async stop(): Promise<void> {
    await Promise.all([...this.supervisors.values()].map((supervisor) => supervisor.stop()));
  }

  replicaReady(pool: Pool, replica: Replica): void {
    this.failures.delete(replica.id);
    this.conditions.check();
    if (this.serving) this.above.replicaReady(pool, replica);
  }

  /** Also of a generation that serves no more: its last tasks may run there. */
  replicaLost(pool: Pool, replica: Replica): void {
    this.above.replicaLost(pool, replica);
  }

  replicaFailed(_pool: Pool, { id }: Replica, failure: EngineError): void {
    this.failures.set(id, failure);
    this.conditions.check();
  }

  poolFailed(pool: Pool): void {
    if (this.serving) this.above.poolFailed(pool);
  }
}
