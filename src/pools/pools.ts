import { type Replica } from './replica.js';
import { type Pool } from './pool.js';
import { type PoolListener } from './pool-events.js';
import { Supervisor, type SupervisorPorts } from './supervisor.js';

/** All pools of the daemon and the supervisors of their replicas. */
export class Pools implements PoolListener {
  private readonly supervisors = new Map<Replica['id'], Supervisor>();
  private listener: PoolListener | undefined;

  constructor(
    readonly all: readonly Pool[],
    private readonly ports: Omit<SupervisorPorts, 'listener'>,
  ) {}

  get(id: string): Pool | undefined {
    return this.all.find((pool) => pool.id === id);
  }

  /** Begins to load every replica; `listener` hears what becomes of them. Does not wait. */
  start(listener: PoolListener): void {
    this.listener = listener;
    for (const pool of this.all) {
      this.ports.metrics.poolReady.set({ pool_id: pool.id }, 0);
      this.ports.metrics.poolCpu.set({ pool_id: pool.id }, pool.cpu ? 1 : 0);
      for (const replica of pool.replicas) this.supervise(pool, replica);
    }
  }

  /** Ends every engine and waits until none is left. */
  async stop(): Promise<void> {
    await Promise.all([...this.supervisors.values()].map((supervisor) => supervisor.stop()));
  }

  /** A run on this replica broke. */
  suspect(id: Replica['id']): void {
    this.supervisors.get(id)?.suspect();
  }

  /** This start of a replica does not give a slot back. */
  giveUp(id: Replica['id'], epoch: number, message: string): void {
    this.supervisors.get(id)?.giveUp(epoch, message);
  }

  replicaReady(pool: Pool, replica: Replica): void {
    this.listener?.replicaReady(pool, replica);
    this.showReadiness(pool);
  }

  replicaLost(pool: Pool, replica: Replica): void {
    this.listener?.replicaLost(pool, replica);
    this.showReadiness(pool);
  }

  poolFailed(pool: Pool): void {
    this.listener?.poolFailed(pool);
  }

  private supervise(pool: Pool, replica: Replica): void {
    const supervisor = new Supervisor(pool, replica, { ...this.ports, listener: this });
    this.supervisors.set(replica.id, supervisor);
    supervisor.start();
  }

  private showReadiness(pool: Pool): void {
    this.ports.metrics.poolReady.set({ pool_id: pool.id }, pool.ready ? 1 : 0);
  }
}
