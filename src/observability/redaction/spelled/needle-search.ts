import { type Likeness, type Needle } from './needles.js';

/** Where a needle stands. */
export interface Hit {
  readonly start: number;
  readonly end: number;
}

const BLOCKS = 0x10000;
/** Bytes compared per byte of text; more is what nobody writes who does not want to keep others waiting. */
const MOST_STEPS = 64;
const LEAST_STEPS = 64 * 1024;

/** Digits in either case; both alphabets of Base64. */
const MEANT: Readonly<Record<Likeness, Uint8Array>> = {
  exact: tableOf((byte) => byte),
  hex: tableOf((byte) => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte)),
  base64: tableOf((byte) => (byte === 0x2d ? 0x2b : byte === 0x5f ? 0x2f : byte)),
};
/** Equal for all that is equal by any likeness. */
const FOLDED = tableOf((byte) => MEANT.base64[MEANT.hex[byte]!]!);

/**
 * Looks for many needles at once (Wu and Manber): from the two bytes at the end of a window it is known how far the next
 * needle can be at the least. What is compared in vain is counted, so that no text takes longer than its length allows.
 */
export class NeedleSearch {
  readonly longest: number;
  private readonly window: number;
  private readonly shifts: Uint8Array;
  private readonly atBlock = new Map<number, Needle[]>();
  private readonly byBegin = new Map<number, Needle[]>();
  private steps = 0;

  /** @param needles of two bytes at least */
  constructor(needles: readonly Needle[]) {
    const lengths = needles.map(({ bytes }) => bytes.length);
    this.longest = lengths.reduce((most, one) => Math.max(most, one), 0);
    this.window = lengths.reduce((least, one) => Math.min(least, one), 0xff);
    this.shifts = new Uint8Array(BLOCKS).fill(this.window - 1);
    for (const needle of needles) this.enter(needle);
  }

  /** Undefined: the text is made to be compared in vain, and nobody knows what is in it. */
  in(bytes: Uint8Array): readonly Hit[] | undefined {
    const hits: Hit[] = [];
    const { window, shifts } = this;
    this.steps = Math.max(LEAST_STEPS, bytes.length * MOST_STEPS);
    for (let last = window - 1; last < bytes.length;) {
      const block = (FOLDED[bytes[last - 1]!]! << 8) | FOLDED[bytes[last]!]!;
      const shift = shifts[block]!;
      last += shift === 0 ? 1 : shift;
      if (shift > 0) continue;
      this.compare(bytes, last - window, this.atBlock.get(block)!, hits);
      if (this.steps < 0) return undefined;
    }
    return hits;
  }

  /** Where the first needle may begin that the end of the bytes cuts; their length when none does. */
  cutIn(bytes: Uint8Array): number {
    this.steps = Math.max(LEAST_STEPS, bytes.length * MOST_STEPS);
    const first = Math.max(0, bytes.length - this.longest + 1);
    for (let at = first; at < bytes.length; at++) {
      const begun = this.byBegin.get(FOLDED[bytes[at]!]!);
      if (begun === undefined) continue;
      const left = bytes.length - at;
      if (begun.some((needle) => needle.bytes.length > left && this.stands(needle, bytes, at, left))) return at;
      if (this.steps < 0) return first;
    }
    return bytes.length;
  }

  private enter(needle: Needle): void {
    const { bytes } = needle;
    for (let last = 1; last < this.window; last++) {
      const block = (FOLDED[bytes[last - 1]!]! << 8) | FOLDED[bytes[last]!]!;
      this.shifts[block] = Math.min(this.shifts[block]!, this.window - 1 - last);
      if (last === this.window - 1) listed(this.atBlock, block, needle);
    }
    listed(this.byBegin, FOLDED[bytes[0]!]!, needle);
  }

  private compare(bytes: Uint8Array, start: number, needles: readonly Needle[], hits: Hit[]): void {
    for (const needle of needles) {
      const end = start + needle.bytes.length;
      if (end > bytes.length || !this.stands(needle, bytes, start, needle.bytes.length)) continue;
      hits.push({ start: Math.max(0, start - needle.before), end: Math.min(bytes.length, end + needle.behind) });
    }
  }

  /** Whether the bytes from `start` on are the first `length` of a needle. */
  private stands({ bytes: wanted, likeness }: Needle, bytes: Uint8Array, start: number, length: number): boolean {
    const meant = MEANT[likeness];
    let same = 0;
    while (same < length && meant[bytes[start + same]!] === wanted[same]) same++;
    this.steps -= same + 1;
    return same === length;
  }
}

function listed(lists: Map<number, Needle[]>, key: number, needle: Needle): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [needle]);
  else list.push(needle);
}

function tableOf(meant: (byte: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => meant(byte));
}
