import { type LineBlock } from './log-files.js';

/** Takes the lines of a file one by one, beside those of another. */
export class RecordLines {
  /** Lines that were taken. */
  taken = 0;
  private readonly blocks: AsyncIterator<LineBlock>;
  private waiting: Buffer[] = [];

  constructor(blocks: AsyncIterable<LineBlock>) {
    this.blocks = blocks[Symbol.asyncIterator]();
  }

  async next(): Promise<Buffer | undefined> {
    while (this.waiting.length === 0) {
      const next = await this.blocks.next();
      if (next.done === true) return undefined;
      this.waiting = [...next.value.lines].reverse();
    }
    this.taken++;
    return this.waiting.pop();
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    await this.blocks.return?.();
  }
}
