interface Level {
  /** Milliseconds of a clock that never runs backwards. */
  emptyAt: number;
  /** Who made the key. */
  readonly caller: string;
}

const MOST_KEYS = 4_096;
const MOST_KEYS_OF_ONE = 256;

/**
 * The keys of one group with the time at which each is empty again. Nobody's key is ever forgotten before that. Who has
 * used up their share of keys counts further ones as one; so does everybody once all keys are in use.
 */
export class KeyRoom {
  private readonly levels = new Map<string, Level>();
  private readonly perCaller = new Map<string, number>();

  level(key: string, caller: string, now: number): number {
    return this.levels.get(this.counted(key, caller, now))?.emptyAt ?? now;
  }

  raise(key: string, caller: string, now: number, byMs: number): void {
    const counted = this.counted(key, caller, now);
    const level = this.levels.get(counted);
    if (level === undefined) this.enter(counted, caller, now + byMs);
    else level.emptyAt = Math.max(now, level.emptyAt) + byMs;
  }

  /** The key itself, or what it shares with others. */
  private counted(key: string, caller: string, now: number): string {
    const own = `key ${key}`;
    if (this.levels.has(own) || this.hasRoom(caller)) return own;
    this.forgetEmpty(now);
    if (this.hasRoom(caller)) return own;
    return this.levels.size >= MOST_KEYS ? 'shared' : `shared ${caller}`;
  }

  private hasRoom(caller: string): boolean {
    return this.levels.size < MOST_KEYS && (this.perCaller.get(caller) ?? 0) < MOST_KEYS_OF_ONE;
  }

  private enter(key: string, caller: string, emptyAt: number): void {
    this.levels.set(key, { emptyAt, caller });
    this.perCaller.set(caller, (this.perCaller.get(caller) ?? 0) + 1);
  }

  /** What is empty again is like new. */
  private forgetEmpty(now: number): void {
    for (const [key, { emptyAt, caller }] of this.levels) {
      if (emptyAt > now) continue;
      this.levels.delete(key);
      const left = this.perCaller.get(caller)! - 1;
      if (left === 0) this.perCaller.delete(caller);
      else this.perCaller.set(caller, left);
    }
  }
}
