import { REDACTED } from '../../observability/redactor.js';
import { type Header } from '../dial/exchange.js';

const LEAST = 6;

/** Takes exact secrets out of a body that comes in pieces; one that two pieces share is caught. */
export class Eraser {
  private readonly needles: readonly Buffer[];
  private rest: Buffer = Buffer.alloc(0);

  /** @param secrets headers that the host added; servers like to repeat what they were sent */
  constructor(secrets: readonly Header[]) {
    const values = secrets.flatMap(([, value]) => [value, value.replace(/^\S+\s+/, '')]);
    const forms = values.flatMap((value) => [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)]);
    const texts = [...new Set(forms)].filter((text) => text.length >= LEAST);
    this.needles = texts.toSorted((a, b) => b.length - a.length).map((text) => Buffer.from(text));
  }

  /** What of this piece can be passed on. */
  push(piece: Uint8Array): Uint8Array {
    const [longest] = this.needles;
    if (longest === undefined) return piece;
    const clean = this.clean(Buffer.concat([this.rest, piece]));
    const held = Math.min(clean.length, longest.length - 1);
    this.rest = clean.subarray(clean.length - held);
    return clean.subarray(0, clean.length - held);
  }

  end(): Uint8Array {
    const { rest } = this;
    this.rest = Buffer.alloc(0);
    return rest;
  }

  /** In a whole text, such as a header. */
  text(text: string): string {
    return this.needles.length === 0 ? text : this.clean(Buffer.from(text, 'latin1')).toString('latin1');
  }

  private clean(bytes: Buffer): Buffer {
    return this.needles.reduce(without, bytes);
  }
}

function without(bytes: Buffer, needle: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (let found = bytes.indexOf(needle); found !== -1; found = bytes.indexOf(needle, at)) {
    parts.push(bytes.subarray(at, found), Buffer.from(REDACTED));
    at = found + needle.length;
  }
  return at === 0 ? bytes : Buffer.concat([...parts, bytes.subarray(at)]);
}
