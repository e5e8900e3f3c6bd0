import { type GpuDevice } from '@llama-orch/plugin-sdk';
import { type Pool } from '../pool.js';
import { type CacheSize } from './kv-cap.js';
import { type Claim } from './memory-ledger.js';

/** What one start of a replica has of the memory of this machine. */
export interface Hold {
  readonly pool: Pool;
  readonly replicaId: string;
  /** Empty for memory of the host. */
  readonly devices: readonly GpuDevice[];
  readonly claim: Claim;
  /** Smaller than what was configured, where the smallest device asks for it. */
  readonly cache?: CacheSize;
}

/** All that is held now, by whoever started it. */
export class Holds {
  private readonly all = new Set<Hold>();

  add(hold: Hold): void {
    this.all.add(hold);
  }

  /** Gives the memory back. Calling twice is harmless. */
  end(hold: Hold): void {
    hold.claim.release();
    this.all.delete(hold);
  }

  of(replicaId: string): Hold | undefined {
    for (const hold of this.all) if (hold.replicaId === replicaId) return hold;
    return undefined;
  }

  /** Bytes that these replicas have on a device. */
  bytesOn(deviceId: string, replicaIds: ReadonlySet<string>): number {
    let sum = 0;
    for (const { claim, replicaId } of this.all) if (replicaIds.has(replicaId)) sum += claim.bytes.get(deviceId) ?? 0;
    return sum;
  }

  /** Other replicas of the pool on a device. */
  siblingsOn(deviceId: string, pool: Pool, replicaId: string): number {
    let count = 0;
    for (const hold of this.all) {
      if (hold.pool.id === pool.id && hold.replicaId !== replicaId && hold.claim.bytes.has(deviceId)) count++;
    }
    return count;
  }
}
