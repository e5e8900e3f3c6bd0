import { type RedactionStream } from '../redactor.js';
import { type Finder, spansIn, withoutSpans } from './spans.js';

/** What was passed on already and still counts as what stands before: `\b` and the like look at it. */
const CONTEXT = 256;
/** A stretch that is to go and does not end is passed on in pieces. */
const MOST_HELD = 64 * 1024;

/**
 * Redacts a body that comes in pieces. Each byte is a character, so that no character is ever split and bytes that are no
 * text pass unchanged. The end of each piece is held back as far as a secret could reach into the next.
 */
export class BodyStream implements RedactionStream {
  private context = '';
  private held = '';

  constructor(
    private readonly finders: readonly Finder[],
    /** One less than the longest secret. */
    private readonly holdBack: number,
  ) {}

  push(piece: Uint8Array): Uint8Array {
    this.held += asText(piece);
    return this.passOn(this.held.length - this.holdBack);
  }

  end(): Uint8Array {
    return this.passOn(this.held.length);
  }

  /** Passes on what stands before `upTo`, but no part of a stretch that is to go. */
  private passOn(upTo: number): Uint8Array {
    if (upTo <= 0) return new Uint8Array();
    const before = this.context.length;
    const spans = spansIn(this.context + this.held, this.finders)
      .map(({ start, end }) => ({ start: Math.max(0, start - before), end: end - before }))
      .filter(({ end }) => end > 0);
    const cut = this.cutAt(upTo, spans);
    const gone = spans.filter(({ start }) => start < cut).map(({ start, end }) => ({ start, end: Math.min(end, cut) }));
    const passed = this.held.slice(0, cut);
    this.context = (this.context + passed).slice(-CONTEXT);
    this.held = this.held.slice(cut);
    return Buffer.from(withoutSpans(passed, gone), 'latin1');
  }

  private cutAt(upTo: number, spans: readonly { readonly start: number; readonly end: number }[]): number {
    if (upTo === this.held.length) return upTo;
    const split = spans.find(({ start, end }) => start < upTo && upTo < end);
    if (split === undefined) return upTo;
    return split.start > 0 || this.held.length < MOST_HELD ? split.start : upTo;
  }
}

function asText(piece: Uint8Array): string {
  return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('latin1');
}
