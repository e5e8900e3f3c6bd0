import { type RedactionStream } from '../redactor.js';
import { type Finder, spansIn, withoutSpans } from './spans.js';

/** What was passed on already and still counts as what stands before: `\b` and the like look at it. */
const CONTEXT = 256;
/** A stretch that is to go and does not end is passed on in pieces. */
const MOST_HELD = 64 * 1024;
/** From here on what is held is looked at again only when a part of it has come on top. */
const MUCH_HELD = 4 * 1024;
const ON_TOP = 1 / 4;

/**
 * Redacts a body that comes in pieces. Each byte is a character, so that no character is ever split and bytes that are no
 * text pass unchanged. The end of each piece is held back as far as a secret could reach into the next.
 */
export class BodyStream implements RedactionStream {
  private context = '';
  private held = '';
  private lookAgainAt = 0;

  constructor(
    private readonly finders: readonly Finder[],
    /** One less than the longest secret of those whose beginning cannot be told. */
    private readonly holdBack: number,
    /** Where a secret may begin that goes on behind the text; its length when there is none. */
    private readonly cutIn: (text: string) => number = ({ length }) => length,
  ) {}

  push(piece: Uint8Array): Uint8Array {
    this.held += asText(piece);
    if (this.held.length < this.lookAgainAt) return new Uint8Array();
    const passed = this.passOn(Math.min(this.held.length - this.holdBack, this.cutIn(this.held)));
    this.lookAgainAt = this.held.length > MUCH_HELD ? this.held.length * (1 + ON_TOP) : 0;
    return passed;
  }

  end(isCut = false): Uint8Array {
    const passed = this.passOn(isCut ? this.cutIn(this.held) : this.held.length);
    this.held = '';
    return passed;
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
