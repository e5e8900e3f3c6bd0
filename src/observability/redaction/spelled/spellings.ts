import { SECRET_LENGTHS } from '../../redactor.js';
import { type Span } from '../spans.js';
import { cutEscape, LONGEST_ESCAPE } from './escapes.js';
import { MOST_LEVELS, needlesOf } from './needles.js';
import { NeedleSearch } from './needle-search.js';
import { View } from './view.js';

/** What a needle is spelled out to at the most that is waited for. */
const MOST_WAITED = 128 * 1024;

/**
 * Finds values however they are spelled: as they are, in UTF-16, hexadecimal or Base64, and each of these with any of its
 * characters escaped as URLs, JSON or HTML do it, up to three times over. The time it takes grows with the text alone.
 */
export class Spellings {
  private readonly search: NeedleSearch;

  constructor(
    values: readonly string[],
    /** Escapes are undone so often; 0 for bytes that nobody reads as text. */
    private readonly levels = MOST_LEVELS,
  ) {
    const escaped = values.flatMap((value) => [value, ...readingsOf(value)]);
    this.search = new NeedleSearch([...new Set(escaped)].flatMap(needlesOf));
  }

  /** Where values stand in the bytes; all of them where that would take too long to say. */
  in(bytes: Uint8Array): readonly Span[] {
    const spans: Span[] = [];
    let view: View | undefined = new View(bytes);
    for (let level = 0; view !== undefined; level++) {
      const hits = this.search.in(view.bytes);
      if (hits === undefined) return [{ start: 0, end: bytes.length }];
      for (const { start, end } of hits) spans.push({ start: view.startOf(start), end: view.endOf(end) });
      view = level < this.levels ? view.unescaped() : undefined;
    }
    return spans;
  }

  /** Where a value may begin that goes on behind the bytes; their length when there is none. */
  cutIn(bytes: Uint8Array): number {
    const from = Math.max(0, bytes.length - Math.min(MOST_WAITED, (this.search.longest + 1) * LONGEST_ESCAPE));
    let view: View | undefined = new View(bytes.subarray(from));
    let first = view.bytes.length;
    for (let level = 0; view !== undefined; level++) {
      if (level < this.levels) view = view.upTo(cutEscape(view.bytes));
      first = Math.min(first, view.startOf(this.search.cutIn(view.bytes)), view.startOf(view.bytes.length));
      view = level < this.levels ? view.unescaped() : undefined;
    }
    return from + first;
  }
}

/** A value that holds what looks like an escape reads differently once escapes are undone. */
function readingsOf(value: string): readonly string[] {
  const readings: string[] = [];
  let view = new View(Buffer.from(value)).unescaped();
  for (; view !== undefined && readings.length < MOST_LEVELS; view = view.unescaped()) {
    readings.push(Buffer.from(view.bytes).toString());
  }
  // What little is left of some would be found in every text.
  return readings.filter(({ length }) => length >= SECRET_LENGTHS.least);
}
