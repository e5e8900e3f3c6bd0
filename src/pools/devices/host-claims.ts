import { type EngineEndpoint } from '@llama-orch/plugin-sdk';
import { type Clock } from '../../kernel/clock.js';
import { type Pool } from '../pool.js';
import { type Attempt, type Claims } from './device-launcher.js';
import { type Footprints, footprintBytes } from './footprints.js';
import { type Hold, type Holds } from './holds.js';
import { type ReadHostMemory } from './host-memory.js';
import { MARGIN } from './kv-cap.js';
import { loadOf } from './loads.js';
import { type MemoryLedger } from './memory-ledger.js';
import { type MemoryRoom } from './memory-room.js';
import { noHostMemory } from './refusals.js';

/** The memory of the host is one more device of the ledger. */
const HOST = 'host';

export interface HostClaimsPorts {
  readonly read: ReadHostMemory;
  /** A ledger of its own: what was seen of the host says little about one engine, so nothing is learned from it. */
  readonly ledger: MemoryLedger;
  readonly holds: Holds;
  readonly footprints: Footprints;
  readonly clock: Clock;
}

/** Memory of the host for pools whose engines compute on the CPU and are started here. */
export class HostClaims implements Claims {
  constructor(private readonly ports: HostClaimsPorts) {}

  concerns({ config }: Pool): boolean {
    return config.device === 'cpu' && config.endpoint === undefined;
  }

  prepare(_pool: Pool, endpoint: EngineEndpoint): Promise<EngineEndpoint> {
    return Promise.resolve(endpoint);
  }

  async attempt(pool: Pool, endpoint: EngineEndpoint): Promise<Attempt> {
    await this.ports.footprints.of(loadOf(pool, endpoint));
    const bytes = this.bytesOf(pool, endpoint);
    const room = this.look();
    const claim = room.freeBytes >= bytes * MARGIN ? this.ports.ledger.claim(new Map([[HOST, bytes]])) : undefined;
    if (claim === undefined) {
      if (room.hopedBytes >= bytes * MARGIN) return { type: 'wait' };
      return { type: 'refused', error: noHostMemory(endpoint.replicaId, bytes, room.freeBytes) };
    }
    const hold = { pool, replicaId: endpoint.replicaId, devices: [], claim };
    this.ports.holds.add(hold);
    return { type: 'held', hold };
  }

  /** Looks at the host now. */
  look(): MemoryRoom {
    const { ledger, clock, read } = this.ports;
    const { totalBytes, availableBytes } = read();
    ledger.setDevices([{ id: HOST, totalBytes }]);
    ledger.observe(HOST, { usedBytes: Math.max(0, totalBytes - availableBytes), at: clock.now() });
    return ledger.room(HOST)!;
  }

  wouldFit(pool: Pool, endpoint: EngineEndpoint, gone: ReadonlySet<string>): boolean {
    return this.look().hopedBytes + this.ports.holds.bytesOn(HOST, gone) >= this.bytesOf(pool, endpoint) * MARGIN;
  }

  loaded({ claim }: Hold): void {
    claim.loaded();
  }

  end(hold: Hold): void {
    this.ports.holds.end(hold);
  }

  private bytesOf(pool: Pool, endpoint: EngineEndpoint): number {
    return footprintBytes(this.ports.footprints.known(loadOf(pool, endpoint)));
  }
}
