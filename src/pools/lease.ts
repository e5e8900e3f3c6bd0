import { type EngineConnection, type EngineDescription } from '@llama-orch/plugin-sdk';
import { type ReplicaId } from '../kernel/ids.js';

/** One slot of one replica, until released. Releasing twice is harmless. */
export class Lease {
  private open = true;

  constructor(
    readonly replicaId: ReplicaId,
    /** Counts the starts of the replica; a lease of an earlier start gives nothing back. */
    readonly epoch: number,
    readonly engine: EngineConnection,
    readonly description: EngineDescription,
    private readonly giveBack: () => void,
  ) {}

  release(): void {
    if (!this.open) return;
    this.open = false;
    this.giveBack();
  }
}
