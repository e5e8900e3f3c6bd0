import { createHash } from 'node:crypto';

const RECORD_BYTES = 40;
const RECORDS = 2048;

/** SHA-256 over everything that was decided, in its order: equal hashes are equal histories. */
export class DecisionHash {
  private readonly hash = createHash('sha256');
  private readonly block = new DataView(new ArrayBuffer(RECORD_BYTES * RECORDS));
  private used = 0;

  /** One decision about a task at a virtual time; `first`, `second` and `third` are what it consists of. */
  add(kind: number, task: number, at: number, first = 0, second = 0, third = 0): void {
    const { block, used } = this;
    block.setFloat64(used, at);
    block.setUint32(used + 8, task);
    block.setUint32(used + 12, kind);
    block.setFloat64(used + 16, first);
    block.setFloat64(used + 24, second);
    block.setFloat64(used + 32, third);
    this.used += RECORD_BYTES;
    if (this.used === block.byteLength) this.flush();
  }

  /** The hash in hex; nothing can be added afterwards. */
  digest(): string {
    this.flush();
    return this.hash.digest('hex');
  }

  private flush(): void {
    this.hash.update(new Uint8Array(this.block.buffer, 0, this.used));
    this.used = 0;
  }
}
