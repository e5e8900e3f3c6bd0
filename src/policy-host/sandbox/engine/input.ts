const ENCODER = new TextEncoder();

/** The input of one call, which the guest reads byte by byte or word by word. */
export class Input {
  private view = new DataView(new ArrayBuffer(0));

  begin(text: string): void {
    const { buffer, byteOffset, byteLength } = ENCODER.encode(text);
    this.view = new DataView(buffer, byteOffset, byteLength);
  }

  get length(): bigint {
    return BigInt(this.view.byteLength);
  }

  /** @throws RangeError behind the end, which ends the call */
  byte(offset: number): number {
    return this.view.getUint8(offset);
  }

  word(offset: number): bigint {
    return this.view.getBigUint64(offset, true);
  }
}
