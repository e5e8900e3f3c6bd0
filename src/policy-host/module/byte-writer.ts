/** Bytes that grow. */
export class ByteWriter {
  private buffer: Uint8Array<ArrayBuffer>;
  private used = 0;

  constructor(expected = 64) {
    this.buffer = new Uint8Array(expected);
  }

  get length(): number {
    return this.used;
  }

  byte(...values: readonly number[]): this {
    this.reserve(values.length);
    for (const value of values) this.buffer[this.used++] = value;
    return this;
  }

  bytes(source: Uint8Array, from = 0, to: number = source.length): this {
    this.reserve(to - from);
    this.buffer.set(source.subarray(from, to), this.used);
    this.used += to - from;
    return this;
  }

  /** Unsigned LEB128. */
  u32(value: number): this {
    let rest = value;
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.byte(rest);
  }

  /** Signed LEB128 of a whole number, exact to 2^53. */
  signed(value: number): this {
    let rest = value;
    for (;;) {
      const low = ((rest % 0x80) + 0x80) % 0x80;
      rest = (rest - low) / 0x80;
      const isLast = (rest === 0 && low < 0x40) || (rest === -1 && low >= 0x40);
      this.byte(isLast ? low : low | 0x80);
      if (isLast) return this;
    }
  }

  /** UTF-8 behind its length. */
  name(text: string): this {
    const encoded = new TextEncoder().encode(text);
    return this.u32(encoded.length).bytes(encoded);
  }

  /** What another writer holds, behind its length. */
  sized(part: ByteWriter): this {
    return this.u32(part.used).bytes(part.buffer, 0, part.used);
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.buffer.slice(0, this.used);
  }

  private reserve(count: number): void {
    if (this.used + count <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.used + count));
    larger.set(this.buffer.subarray(0, this.used));
    this.buffer = larger;
  }
}
