import { FetchError } from './fetch-error.js';
import { type CachedModel, type WeightsCache } from './weights-cache.js';

export interface RoomLimits {
  /** Bytes that stay free on the disk. */
  readonly reserveBytes: number;
  /** Fetched weights in all; 0: no limit. */
  readonly cacheMaxBytes: number;
}

/** What is needed relative to what is fetched: file systems keep something for themselves. */
const MARGIN = 1.05;

/** Room on the disk and within the quota: for all that is under way together. */
export class Room {
  private readonly claims = new Map<string, number>();
  private readonly leases = new Map<string, number>();
  /** Blobs of models that are being put together. */
  private readonly held = new Map<string, number>();
  private isReferenced: (digest: string) => boolean = () => false;
  private lastLook: Promise<void> = Promise.resolve();

  constructor(
    private readonly cache: WeightsCache,
    private readonly limits: RoomLimits,
  ) {}

  protect(isReferenced: (digest: string) => boolean): void {
    this.isReferenced = isReferenced;
  }

  lease(digest: string): () => void {
    return counted(this.leases, digest);
  }

  isLeased(digest: string): boolean {
    return this.leases.has(digest);
  }

  /** Keeps a blob while the model that it belongs to is not whole. */
  hold(blobDigest: string): () => void {
    return counted(this.held, blobDigest);
  }

  isHeld(blobDigest: string): boolean {
    return this.held.has(blobDigest);
  }

  /** So many bytes are still to come under this key. @throws FetchError when they do not fit */
  async demand(key: string, bytes: number): Promise<void> {
    this.claims.set(key, bytes);
    // One at a time: two who look at once would both throw out what one of them needs gone.
    const look = this.lastLook.then(() => this.makeRoom());
    this.lastLook = look.catch(() => undefined);
    await look;
  }

  release(key: string): void {
    this.claims.delete(key);
  }

  private async makeRoom(): Promise<void> {
    const wanted = [...this.claims.values()].reduce((sum, bytes) => sum + bytes, 0);
    await this.fitQuota(wanted);
    const free = await this.cache.freeBytes();
    const needed = Math.ceil(wanted * MARGIN) + this.limits.reserveBytes;
    if (free >= needed) return;
    const hint = 'make room, or name another folder in catalog.weights_dir';
    throw new FetchError('no_space', `the disk has ${free} bytes free and ${needed} are needed; ${hint}`);
  }

  private async fitQuota(wanted: number): Promise<void> {
    const { cacheMaxBytes } = this.limits;
    if (cacheMaxBytes === 0) return;
    const candidates = await this.candidates();
    for (;;) {
      const used = await this.cache.usedBytes();
      if (used + wanted <= cacheMaxBytes) return;
      const next = candidates.shift();
      if (next === undefined) throw overQuota(used + wanted, cacheMaxBytes);
      await this.cache.remove(next.record, (digest) => this.isHeld(digest));
    }
  }

  /** Least recently used first. */
  private async candidates(): Promise<CachedModel[]> {
    const all = await this.cache.all();
    const isFree = ({ digest }: { readonly digest: string }) => !this.isLeased(digest) && !this.isReferenced(digest);
    return all.filter(({ record }) => isFree(record)).sort((a, b) => a.usedMs - b.usedMs);
  }
}

function overQuota(wanted: number, most: number): FetchError {
  const hint = 'remove models, or raise it';
  return new FetchError(
    'over_quota',
    `${wanted} bytes of weights would be more than catalog.cache_max_bytes (${most}), and all others are in use; ${hint}`,
  );
}

/** Counts one more; the answer takes it back, once. */
function counted(counts: Map<string, number>, key: string): () => void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    const left = (counts.get(key) ?? 1) - 1;
    if (left === 0) counts.delete(key);
    else counts.set(key, left);
  };
}
