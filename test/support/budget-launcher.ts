import { type EngineEndpoint, EngineError } from '@llama-orch/plugin-sdk';
import { type PoolId, type ReplicaId } from '../../src/kernel/ids.js';
import { type Launch, type Launcher } from '../../src/pools/launch.js';
import { type Memory } from '../../src/pools/on-demand/memory.js';
import { type Pool } from '../../src/pools/pool.js';

/** Memory of devices that replicas share, as a ledger would keep it: each replica takes one device as a whole. */
export class BudgetLauncher implements Launcher, Memory {
  private readonly held = new Map<ReplicaId, { readonly device: number; readonly bytes: number }>();
  /** Most that was in use at once, by device. */
  readonly peaks: number[];
  launches = 0;
  /** What starting an engine takes once it has its memory. */
  starting = (): Promise<void> => Promise.resolve();
  /** What somebody else uses, by device. */
  readonly foreign: number[];

  constructor(
    private readonly capacities: readonly number[],
    private readonly needs: Readonly<Record<string, number>>,
  ) {
    this.peaks = capacities.map(() => 0);
    this.foreign = capacities.map(() => 0);
  }

  launch(pool: Pool, endpoint: EngineEndpoint): Promise<Launch> {
    const id = endpoint.replicaId as ReplicaId;
    const bytes = this.needOf(pool.id);
    const device = this.deviceFor(bytes, new Set());
    if (device === undefined)
      return Promise.reject(new EngineError('out-of-memory', `${id} needs ${bytes} bytes`, { reason: 'no_vram' }));
    this.launches++;
    this.held.set(id, { device, bytes });
    this.peaks[device] = Math.max(this.peaks[device]!, this.used(device, new Set()));
    const end = () => Promise.resolve(void this.held.delete(id));
    return this.starting().then(() => ({ endpoint, end }));
  }

  wouldFit(pool: Pool, _replicaId: ReplicaId, gone: ReadonlySet<ReplicaId>): boolean {
    return this.deviceFor(this.needOf(pool.id), gone) !== undefined;
  }

  meet(): boolean {
    return true;
  }

  get holders(): readonly ReplicaId[] {
    return [...this.held.keys()].toSorted();
  }

  private needOf(id: PoolId): number {
    return this.needs[id] ?? 0;
  }

  private deviceFor(bytes: number, gone: ReadonlySet<ReplicaId>): number | undefined {
    const found = this.capacities.findIndex((capacity, device) => {
      return capacity - this.used(device, gone) - this.foreign[device]! >= bytes;
    });
    return found < 0 ? undefined : found;
  }

  private used(device: number, gone: ReadonlySet<ReplicaId>): number {
    let sum = 0;
    for (const [id, one] of this.held) if (one.device === device && !gone.has(id)) sum += one.bytes;
    return sum;
  }
}
