import { beginsEscape, type Escape, PERCENT, readEscape } from './escapes.js';

/** Bytes, or what they come to when their escapes are undone, with the place that each byte comes from. */
export class View {
  constructor(
    readonly bytes: Uint8Array,
    /** Undefined for the bytes as they came. One more than there are bytes. */
    private readonly starts?: Uint32Array,
  ) {}

  /** Where the byte at `at` begins in what came. */
  startOf(at: number): number {
    return this.starts === undefined ? at : this.starts[at]!;
  }

  /** Where what ends before `end` ends in what came: a character of several bytes is one escape. */
  endOf(end: number): number {
    if (this.starts === undefined || end === 0) return end;
    const last = this.starts[end - 1]!;
    let next = end;
    while (next < this.bytes.length && this.starts[next] === last) next++;
    return this.starts[next]!;
  }

  upTo(end: number): View {
    return end === this.bytes.length ? this : new View(this.bytes.subarray(0, end), this.starts);
  }

  /** With escapes undone, each once; undefined where there are none. */
  unescaped(): View | undefined {
    let first = 0;
    while (first < this.bytes.length && !beginsEscape(this.bytes[first]!)) first++;
    return first === this.bytes.length ? undefined : this.unescapedFrom(first);
  }

  private unescapedFrom(first: number): View | undefined {
    const { bytes } = this;
    const out = new Uint8Array(bytes.length);
    const starts = new Uint32Array(bytes.length + 1);
    const escape: Escape = { code: 0, size: 0 };
    out.set(bytes.subarray(0, first));
    for (let at = 0; at < first; at++) starts[at] = this.startOf(at);
    let end = first;
    for (let at = first; at < bytes.length;) {
      const byte = bytes[at]!;
      escape.size = 0;
      if (beginsEscape(byte)) readEscape(bytes, at, escape);
      const before = end;
      if (escape.size === 0) out[end++] = byte;
      else end = written(escape.code, byte === PERCENT, out, end);
      for (let here = before; here < end; here++) starts[here] = this.startOf(at);
      at += Math.max(1, escape.size);
    }
    if (end === bytes.length) return undefined;
    starts[end] = this.startOf(bytes.length);
    return new View(out.subarray(0, end), starts);
  }
}

/** As UTF-8; of URLs it is a byte already. Answers where it ends. */
function written(code: number, isByte: boolean, out: Uint8Array, at: number): number {
  if (code < 0x80 || isByte) {
    out[at] = code;
    return at + 1;
  }
  const utf8 = Buffer.from(String.fromCodePoint(code));
  out.set(utf8, at);
  return at + utf8.length;
}
