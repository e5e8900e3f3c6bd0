import { REDACTED } from '../redactor.js';

/** A stretch of a text, from `start` up to `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Finds the secrets of one kind in a text. */
export type Finder = (text: string) => readonly Span[];

/** What is found in nearly every text. */
export const NOTHING: readonly Span[] = [];

/** A text that is not the same after so many passes is taken out as a whole. */
const MOST_PASSES = 8;

/** Takes out what the finders find, until they find nothing more: a second run changes nothing. */
export function takeOut(text: string, finders: readonly Finder[]): string {
  let cleaned = text;
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const spans = spansIn(cleaned, finders);
    if (spans.length === 0) return cleaned;
    cleaned = withoutSpans(cleaned, spans);
  }
  return spansIn(cleaned, finders).length === 0 ? cleaned : REDACTED;
}

/** Everything that is to go, in order and apart from each other; what has gone already is not counted. */
export function spansIn(text: string, finders: readonly Finder[]): readonly Span[] {
  const found: Span[] = [];
  for (const find of finders) for (const span of find(text)) if (span.end > span.start) found.push(span);
  return found.length === 0 ? found : merged(beside(goneIn(text), found));
}

/** A span that lies in what has gone is dropped; one that reaches into it takes all of it along. */
function beside(gone: readonly Span[], found: readonly Span[]): Span[] {
  const left: Span[] = [];
  let from = 0;
  for (const span of sorted(found)) {
    while (from < gone.length && gone[from]!.end <= span.start) from++;
    const first = gone[from];
    if (first === undefined || first.start >= span.end) left.push(span);
    else if (first.start > span.start || span.end > first.end) left.push(span, ...touched(gone, from, span));
  }
  return left;
}

function touched(gone: readonly Span[], from: number, { end }: Span): Span[] {
  const all: Span[] = [];
  for (let at = from; at < gone.length && gone[at]!.start < end; at++) all.push(gone[at]!);
  return all;
}

export function withoutSpans(text: string, spans: readonly Span[]): string {
  let [cleaned, from] = ['', 0];
  for (const { start, end } of spans) {
    cleaned += text.slice(from, start) + REDACTED;
    from = end;
  }
  return cleaned + text.slice(from);
}

function goneIn(text: string): Span[] {
  const gone: Span[] = [];
  for (let at = text.indexOf(REDACTED); at !== -1; at = text.indexOf(REDACTED, at + REDACTED.length)) {
    gone.push({ start: at, end: at + REDACTED.length });
  }
  return gone;
}

function merged(spans: readonly Span[]): Span[] {
  const apart: { start: number; end: number }[] = [];
  for (const { start, end } of sorted(spans)) {
    const last = apart.at(-1);
    if (last !== undefined && start < last.end) last.end = Math.max(last.end, end);
    else apart.push({ start, end });
  }
  return apart;
}

function sorted(spans: readonly Span[]): Span[] {
  return spans.toSorted((a, b) => a.start - b.start || a.end - b.end);
}
