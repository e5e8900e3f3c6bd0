import { type Dispatcher, Pool } from 'undici';
import { type DialOptions, type Pinned, pinnedConnector } from './connector.js';

interface Kept {
  readonly pool: Pool;
  usedAt: number;
}

const MOST_POOLS = 64;
const MOST_SOCKETS = 16;
const IDLE_MS = 30_000;
const KEEP_ALIVE_MS = 4_000;
const HEADER_BYTES = 16 * 1024;

/**
 * Connections that are used again: only for the same address, port, name and policies. A name that leads elsewhere by now,
 * or a policy that was loaded since, never meets a socket of before.
 */
export class Connections {
  private readonly pools = new Map<string, Kept>();

  constructor(private readonly options: DialOptions) {}

  /** @param generation changes with the policies */
  to(pinned: Pinned, generation: string): Dispatcher {
    const now = this.options.clock.now();
    const key = [pinned.address.ip, pinned.port, pinned.isTls, pinned.serverName, generation].join('|');
    const kept = this.pools.get(key) ?? { pool: this.opened(pinned), usedAt: now };
    kept.usedAt = now;
    this.pools.delete(key);
    this.pools.set(key, kept);
    this.sweep(now);
    return kept.pool;
  }

  /** Calls under way end with an error. */
  async close(): Promise<void> {
    const pools = [...this.pools.values()];
    this.pools.clear();
    await Promise.all(pools.map(({ pool }) => pool.destroy()));
  }

  private opened(pinned: Pinned): Pool {
    return new Pool(`${pinned.isTls ? 'https' : 'http'}://pinned.invalid:${pinned.port}`, {
      connect: pinnedConnector(pinned, this.options),
      connections: MOST_SOCKETS,
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: HEADER_BYTES,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
    });
  }

  /** In order of use, so whoever has to go comes first. What it still answers is answered. */
  private sweep(now: number): void {
    for (const [key, { pool, usedAt }] of this.pools) {
      if (this.pools.size <= MOST_POOLS && now - usedAt < IDLE_MS) return;
      this.pools.delete(key);
      void pool.close();
    }
  }
}
