import { type Span } from './json-spans.js';
import { type Hit, hitsIn } from './scan.js';

/** A text or a number of a JSON text, as it is meant. */
export interface Leaf {
  readonly span: Span;
  readonly value: string;
}

/** Stands between two leaves that are looked at together; nothing that is looked for goes across it. */
const BETWEEN = '"';

export function leavesOf(text: string, spans: readonly Span[]): readonly Leaf[] {
  return spans.flatMap((span) => {
    if (span.kind === 'object' || span.kind === 'array') return [];
    const written = text.slice(span.start, span.end);
    return [{ span, value: span.kind === 'string' ? unescaped(written) : written }];
  });
}

/**
 * What is sensitive in each leaf that holds something. All leaves are looked at as one text: to look at each by itself
 * would take a hundred times as long.
 */
export function hitsInLeaves(leaves: readonly Leaf[]): ReadonlyMap<Leaf, readonly Hit[]> {
  const found = new Map<Leaf, Hit[]>();
  const begins = beginsOf(leaves);
  let at = 0;
  for (const hit of hitsIn(leaves.map(({ value }) => value).join(BETWEEN))) {
    while (at + 1 < begins.length && begins[at + 1]! <= hit.start) at += 1;
    for (let touched = at; touched < begins.length && begins[touched]! < hit.end; touched += 1) {
      const leaf = leaves[touched]!;
      const start = Math.max(0, hit.start - begins[touched]!);
      const end = Math.min(leaf.value.length, hit.end - begins[touched]!);
      if (end > start) found.set(leaf, [...(found.get(leaf) ?? []), { class: hit.class, start, end }]);
    }
  }
  return found;
}

/** Leaves that a test of whole texts objects to; half of them after half of them. */
export function objected(leaves: readonly Leaf[], isClean: (text: string) => boolean): ReadonlySet<Leaf> {
  const bad = new Set<Leaf>();
  const look = (some: readonly Leaf[]): void => {
    if (some.length === 0 || isClean(some.map(({ value }) => value).join(BETWEEN))) return;
    if (some.length === 1) bad.add(some[0]!);
    else for (const half of halves(some)) look(half);
  };
  look(leaves);
  return bad;
}

function halves<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const middle = items.length >> 1;
  return [items.slice(0, middle), items.slice(middle)];
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
