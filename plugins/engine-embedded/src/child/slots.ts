import { type LlamaContextSequence, type Token } from 'node-llama-cpp';

/** Tokens that are read in one go. A cancel is seen between two of them. */
export const CHUNK_TOKENS = 64;

/** One sequence of the context, and how much of its KV cache is fit for reuse. */
export interface Slot {
  readonly sequence: LlamaContextSequence;
  /** Tokens at the front that were read in whole chunks. */
  prefix: readonly Token[];
}

/** The sequences of a model, lent one request at a time, first come first served. */
export class SlotPool {
  private readonly free: Slot[];
  private readonly queue: (() => void)[] = [];

  constructor(
    sequences: readonly LlamaContextSequence[],
    private readonly reuse: boolean,
  ) {
    this.free = sequences.map((sequence) => ({ sequence, prefix: [] }));
  }

  /** Runs `use` on the slot that knows most of the prompt; the slot is free again when it settles. */
  async lend<T>(
    tokens: readonly Token[],
    signal: AbortSignal,
    use: (slot: Slot) => Promise<T>,
  ): Promise<T | undefined> {
    if (this.free.length === 0) await this.turn(signal);
    if (signal.aborted) return undefined;
    const slot = this.takeBest(tokens);
    try {
      return await use(slot);
    } finally {
      this.free.push(slot);
      this.queue.shift()?.();
    }
  }

  /** Empties the slot but for the tokens that may be reused, and answers how many those are. */
  async prepare(slot: Slot, tokens: readonly Token[]): Promise<number> {
    const kept = this.reuse ? reusable(slot.prefix, tokens) : 0;
    slot.prefix = [];
    const { sequence } = slot;
    await sequence.eraseContextTokenRanges([{ start: kept, end: sequence.nextTokenIndex }]);
    if (sequence.nextTokenIndex === kept) {
      slot.prefix = tokens.slice(0, kept);
      return kept;
    }
    await sequence.clearHistory();
    return 0;
  }

  private takeBest(tokens: readonly Token[]): Slot {
    const ranked = this.free.map((slot) => ({ slot, known: reusable(slot.prefix, tokens) }));
    const best = ranked.reduce((a, b) => (b.known > a.known ? b : a)).slot;
    this.free.splice(this.free.indexOf(best), 1);
    return best;
  }

  private async turn(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const leave = () => {
        const at = this.queue.indexOf(resolve);
        if (at >= 0) this.queue.splice(at, 1);
        resolve();
      };
      this.queue.push(resolve);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}

/**
 * Only whole chunks are reused, so that a warm cache has gone through the very batches of a cold one and holds the very
 * same numbers; tokens of an answer went through one by one and may differ in the last decimals. At least one token of
 * the prompt is always left to read.
 */
export function reusable(prefix: readonly unknown[], tokens: readonly unknown[]): number {
  const limit = Math.min(prefix.length, tokens.length - 1);
  let common = 0;
  while (common < limit && prefix[common] === tokens[common]) common += 1;
  return common - (common % CHUNK_TOKENS);
}
