import { type ReplicaId } from '../../kernel/ids.js';
import { type Pool } from '../pool.js';
import { type Replica } from '../replica.js';
import { type Memory } from './memory.js';
import { type Wish } from './wish.js';

/** Starts that have no memory yet, oldest first. */
export class Wishes {
  private readonly list: Wish[] = [];

  get all(): readonly Wish[] {
    return this.list;
  }

  add(wish: Wish): void {
    this.list.push(wish);
  }

  remove(wish: Wish): void {
    this.list.splice(this.list.indexOf(wish), 1);
  }

  has(wish: Wish): boolean {
    return this.list.includes(wish);
  }

  of(replica: Replica): Wish | undefined {
    return this.list.find((wish) => wish.replica === replica);
  }

  /** Those that came before the pool's own wish; all of them when it has none. */
  before(pool: Pool): readonly Wish[] {
    const own = this.list.findIndex((wish) => wish.pool === pool);
    return own < 0 ? this.list : this.list.slice(0, own);
  }

  /** Residents that somebody older counts on. */
  spokenBefore(pool: Pool): ReadonlySet<ReplicaId> {
    return new Set(this.before(pool).flatMap((wish) => [...wish.victims]));
  }

  /** Whoever was promised memory that meets this one's goes first, and so does whoever has waited beyond `patienceMs`. */
  mayTry(wish: Wish, memory: Memory, now: number, patienceMs: number): boolean {
    for (const older of this.list) {
      if (older === wish) return true;
      if (older.refusal === undefined || !memory.meet(older.pool, wish.pool)) continue;
      if (older.holdsDoor || now - older.since > patienceMs) return false;
    }
    return true;
  }

  /** Both wish for memory, and `one` did so first. */
  isBefore(one: Replica, other: Replica): boolean {
    const at = this.list.findIndex((wish) => wish.replica === one);
    const otherAt = this.list.findIndex((wish) => wish.replica === other);
    return at >= 0 && (otherAt < 0 || at < otherAt);
  }
}
