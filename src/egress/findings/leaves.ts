import { memberName, type Span } from './json-spans.js';
import { type Hit, hitWork, SHORTEST_HIT, SHORTEST_NUMBER } from './scan.js';
import { isSecretName } from '../../observability/redaction/secret-names.js';
import { type Work } from './work.js';

/** A text or a number of a JSON text, as it is meant. */
export interface Leaf {
  readonly span: Span;
  readonly value: string;
}

/** Stands between two leaves that are looked at together; nothing that is looked for goes across it. */
const BETWEEN = '"';
const SPANS_PER_STEP = 8_192;
const QUOTES = 2;

/** All texts, what stands under a secret name, and numbers that are long enough for a card. */
export function* leafWork(text: string, spans: readonly Span[]): Work<readonly Leaf[]> {
  return yield* picked(text, spans, (span) => span.kind === 'string' || isLongNumber(span) || hasSecretName(span));
}

/** The leaves in which anything can be that is looked for. */
export function* scannedLeafWork(text: string, spans: readonly Span[]): Work<readonly Leaf[]> {
  return yield* picked(text, spans, (span) => isLongText(span) || isLongNumber(span));
}

/** A member whose name says that it holds a secret. */
export function hasSecretName(span: Span): boolean {
  const name = memberName(span);
  return name !== undefined && isSecretName(name);
}

/**
 * What is sensitive in each leaf that holds something. All leaves are looked at as one text: to look at each by itself
 * would take a hundred times as long.
 */
export function* leafHitWork(leaves: readonly Leaf[]): Work<ReadonlyMap<Leaf, readonly Hit[]>> {
  const found = new Map<Leaf, Hit[]>();
  const begins = beginsOf(leaves);
  yield;
  const hits = yield* hitWork(leaves.map(({ value }) => value).join(BETWEEN));
  let at = 0;
  for (const hit of hits) {
    while (at + 1 < begins.length && begins[at + 1]! <= hit.start) at += 1;
    for (let touched = at; touched < begins.length && begins[touched]! < hit.end; touched += 1) {
      const leaf = leaves[touched]!;
      const start = Math.max(0, hit.start - begins[touched]!);
      const end = Math.min(leaf.value.length, hit.end - begins[touched]!);
      if (end > start) add(found, leaf, { class: hit.class, start, end });
    }
  }
  return found;
}

/**
 * Texts that a test of whole texts objects to; half of them after half of them. Undefined when that would take more than
 * `mostTests` tests.
 */
export function objected(
  texts: readonly string[],
  isClean: (text: string) => boolean,
  mostTests: number,
): ReadonlySet<number> | undefined {
  const bad = new Set<number>();
  let tests = 0;
  const look = (from: number, to: number): void => {
    if (from === to || tests > mostTests) return;
    tests += 1;
    if (isClean(texts.slice(from, to).join(BETWEEN))) return;
    const middle = (from + to) >> 1;
    if (to - from === 1) bad.add(from);
    else
      for (const [begin, end] of [
        [from, middle],
        [middle, to],
      ] as const)
        look(begin, end);
  };
  look(0, texts.length);
  return tests > mostTests ? undefined : bad;
}

function* picked(text: string, spans: readonly Span[], isLookedAt: (span: Span) => boolean): Work<readonly Leaf[]> {
  const leaves: Leaf[] = [];
  for (const [at, span] of spans.entries()) {
    if (span.kind !== 'object' && span.kind !== 'array' && isLookedAt(span)) leaves.push(leafAt(span, text));
    if (at % SPANS_PER_STEP === SPANS_PER_STEP - 1) yield;
  }
  return leaves;
}

function leafAt(span: Span, text: string): Leaf {
  const written = text.slice(span.start, span.end);
  return { span, value: span.kind === 'string' ? unescaped(written) : written };
}

function isLongText({ kind, start, end }: Span): boolean {
  return kind === 'string' && end - start >= SHORTEST_HIT + QUOTES;
}

function isLongNumber({ kind, start, end }: Span): boolean {
  return kind === 'scalar' && end - start >= SHORTEST_NUMBER;
}

function add(found: Map<Leaf, Hit[]>, leaf: Leaf, hit: Hit): void {
  const hits = found.get(leaf);
  if (hits === undefined) found.set(leaf, [hit]);
  else hits.push(hit);
}

function beginsOf(leaves: readonly Leaf[]): readonly number[] {
  let begin = 0;
  return leaves.map(({ value }) => {
    const here = begin;
    begin += value.length + BETWEEN.length;
    return here;
  });
}

function unescaped(written: string): string {
  return written.includes('\\') ? (JSON.parse(written) as string) : written.slice(1, -1);
}
