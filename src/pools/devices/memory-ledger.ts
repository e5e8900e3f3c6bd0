import { type Clock } from '../../kernel/clock.js';
import { DeviceAccount, type Observation, type Share } from './device-account.js';
import { type MemoryRoom } from './memory-room.js';

export interface DeviceMemory {
  readonly id: string;
  readonly totalBytes: number;
}

/** Memory promised to one start of a replica, until released. */
export interface Claim {
  /** Bytes by device. Once the engine was seen at work they are what it takes. */
  readonly bytes: ReadonlyMap<string, number>;
  /** True when every device was looked at after the engine had loaded. */
  readonly settled: boolean;
  /** The engine has all that it will take. */
  loaded(): void;
  /** Gives the memory back. Calling twice is harmless. */
  release(): void;
}

/** Predicted, observed and foreign memory of every device: the one place where memory is promised. */
export class MemoryLedger {
  private readonly accounts = new Map<string, DeviceAccount>();

  constructor(
    private readonly clock: Clock,
    /** True: what engines take corrects what was expected of them. */
    private readonly measures = true,
  ) {}

  /** The devices that there are now. One that has gone is forgotten when its last claim is. */
  setDevices(devices: readonly DeviceMemory[]): void {
    for (const { id, totalBytes } of devices) {
      const known = this.accounts.get(id);
      if (known === undefined) this.accounts.set(id, new DeviceAccount(totalBytes, this.measures));
      else known.totalBytes = totalBytes;
    }
    const present = new Set(devices.map(({ id }) => id));
    for (const [id, account] of this.accounts) if (!present.has(id) && !account.inUse) this.accounts.delete(id);
  }

  observe(id: string, seen: Observation): void {
    this.accounts.get(id)?.observe(seen);
  }

  /** What was seen of a device is too old to go by. */
  forget(id: string): void {
    this.accounts.get(id)?.forget();
  }

  /** Undefined for a device that there is not. */
  room(id: string): MemoryRoom | undefined {
    return this.accounts.get(id)?.room(this.clock.now());
  }

  /** Promises `bytes` by device; undefined when a device has gone or has less than that free. */
  claim(bytes: ReadonlyMap<string, number>): Claim | undefined {
    const fits = [...bytes].every(([id, share]) => (this.room(id)?.freeBytes ?? -1) >= share);
    if (!fits) return undefined;
    const now = this.clock.now();
    const held = [...bytes].map(([id, share]): HeldShare => {
      const account = this.accounts.get(id)!;
      return { id, account, share: account.claim(share, now) };
    });
    return new LedgerClaim(held, this.clock);
  }

  /** An engine ran out of memory on these devices although its claim had been granted. */
  exhausted(ids: Iterable<string>): void {
    for (const id of ids) this.accounts.get(id)?.exhausted(this.clock.now());
  }
}

interface HeldShare {
  readonly id: string;
  readonly account: DeviceAccount;
  readonly share: Share;
}

class LedgerClaim implements Claim {
  constructor(
    private readonly held: readonly HeldShare[],
    private readonly clock: Clock,
  ) {}

  get bytes(): ReadonlyMap<string, number> {
    return new Map(this.held.map(({ id, share }) => [id, share.bytes]));
  }

  get settled(): boolean {
    return this.held.every(({ share }) => share.settled);
  }

  loaded(): void {
    const now = this.clock.now();
    for (const { account, share } of this.held) {
      if (share.loadedAt !== undefined) continue;
      share.loadedAt = now;
      account.carried();
    }
  }

  release(): void {
    const now = this.clock.now();
    for (const { account, share } of this.held) account.release(share, now);
  }
}
