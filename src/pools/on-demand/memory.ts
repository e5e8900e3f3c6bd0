import { type EngineError } from '@llama-orch/plugin-sdk';
import { type ReplicaId } from '../../kernel/ids.js';
import { type Pool } from '../pool.js';

/** What whoever claims memory for starts of replicas knows about it. */
export interface Memory {
  /**
   * True when a start of the replica would find room if those replicas were gone, and their memory and that of others
   * which are ending had come back.
   */
  wouldFit(pool: Pool, replicaId: ReplicaId, gone: ReadonlySet<ReplicaId>): boolean;
  /** True when both pools may use the same device, or both the memory of the host. */
  meet(one: Pool, other: Pool): boolean;
}

const NO_ROOM = ['no_vram', 'no_ram'];

/** True for a start that was refused before anything ran, because there is no room for it now. */
export function isNoRoom({ code, reason }: EngineError): boolean {
  return code === 'out-of-memory' && reason !== undefined && NO_ROOM.includes(reason);
}
