/** Bytes of one token in a file; what the recorded server wrote. */
const BYTES_PER_TOKEN = 8_248;

/** What one prompt found in its slot. */
export interface Reuse {
  readonly cached: number;
  readonly read: number;
}

/** The tokens that each slot of a server holds, and those that were kept in files. */
export class KvCache {
  readonly #slots = new Map<number, number[]>();
  readonly #reuse = new Map<number, Reuse>();
  readonly #files = new Map<string, readonly number[]>();
  /** Prompt tokens since the start that were not read again. */
  cachedTotal = 0;
  readTotal = 0;

  /** Puts a prompt into a slot. Its last token is always read, since something has to be decoded. */
  enter(slot: number, promptIds: readonly number[], mayReuse: boolean): Reuse {
    const held = mayReuse ? (this.#slots.get(slot) ?? []) : [];
    const differing = promptIds.findIndex((id, at) => id !== held[at]);
    const cached = Math.min(differing === -1 ? promptIds.length : differing, promptIds.length - 1);
    const reuse = { cached, read: promptIds.length - cached };
    this.#slots.set(slot, [...promptIds]);
    this.#reuse.set(slot, reuse);
    this.cachedTotal += cached;
    this.readTotal += reuse.read;
    return reuse;
  }

  append(slot: number, ids: readonly number[]): void {
    this.#slots.get(slot)?.push(...ids);
  }

  /** What the latest prompt of a slot found; undefined for a slot that had none. */
  reuseOf(slot: number): Reuse | undefined {
    return this.#reuse.get(slot);
  }

  /** Tokens in a slot. The latest one that was decoded is not in yet. */
  held(slot: number): number {
    return this.#slots.get(slot)?.length ?? 0;
  }

  /** Answers as the routes for slots do; undefined when there is no such file. */
  act(slot: number, action: 'save' | 'restore', filename: string): object | undefined {
    const facts = { id_slot: slot, filename };
    if (action === 'save') {
      const ids = [...(this.#slots.get(slot) ?? [])];
      this.#files.set(filename, ids);
      return { ...facts, n_saved: ids.length, n_written: ids.length * BYTES_PER_TOKEN, timings: { save_ms: 0.1 } };
    }
    const ids = this.#files.get(filename);
    if (ids === undefined) return undefined;
    this.#slots.set(slot, [...ids]);
    return { ...facts, n_restored: ids.length, n_read: ids.length * BYTES_PER_TOKEN, timings: { restore_ms: 0.1 } };
  }
}
