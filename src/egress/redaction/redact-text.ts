import { isAt, type Span, spansOf, stepsUp } from '../findings/json-spans.js';
import { hitsInLeaves, type Leaf, leavesOf } from '../findings/leaves.js';
import { type Hit, hitsIn, isOfClass, replaced } from '../findings/scan.js';
import { hidden, type Hiding, type HidingKey } from './hidden.js';

/** One thing to hide in a text: a place, or a kind of text wherever it stands. */
export interface HidingRule {
  readonly pointer?: string;
  readonly class?: string;
  readonly how: Hiding;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly by: string;
}

/** Marks a member that is dropped; JSON cannot hold it. */
const GONE = '\0';

const GONE_WITH_COMMA = /\0\s*,|,\s*\0|\0/g;

/** Hides by class in a text without structure. */
export function hiddenText(text: string, rules: readonly HidingRule[], key: HidingKey): string {
  return withoutHits(text, hitsIn(text), rules, key);
}

/** Hides by place and class in a JSON text, which stays one; undefined when it is none. */
export function hiddenJson(text: string, rules: readonly HidingRule[], key: HidingKey): string | undefined {
  const spans = spansOf(text);
  if (spans === undefined) return undefined;
  const edits = [...placeEdits(text, spans, rules, key), ...classEdits(leavesOf(text, spans), rules, key)];
  return edited(text, edits).replaceAll(GONE_WITH_COMMA, '');
}

function classEdits(leaves: readonly Leaf[], rules: readonly HidingRule[], key: HidingKey): readonly Edit[] {
  if (rules.every((rule) => rule.class === undefined)) return [];
  return [...hitsInLeaves(leaves)].flatMap(([{ span, value }, hits]) => {
    const changed = withoutHits(value, hits, rules, key);
    return changed === value ? [] : [{ start: span.start, end: span.end, by: JSON.stringify(changed) }];
  });
}

function withoutHits(text: string, hits: readonly Hit[], rules: readonly HidingRule[], key: HidingKey): string {
  const hidable = hits.flatMap((hit) => {
    const rule = rules.find(({ class: name }) => name !== undefined && isOfClass(hit.class, name));
    return rule === undefined ? [] : [{ ...hit, how: rule.how }];
  });
  return replaced(text, hidable, (hit, found) => hidden(found, (hit as (typeof hidable)[number]).how, key));
}

/** Rules are looked up by their last step: there may be a thousand, and as many values as a text can hold. */
function placeEdits(
  text: string,
  spans: readonly Span[],
  rules: readonly HidingRule[],
  key: HidingKey,
): readonly Edit[] {
  const places = rules.flatMap(({ pointer, how }) => (pointer === undefined ? [] : [{ steps: stepsUp(pointer), how }]));
  if (places.length === 0) return [];
  const byLast = Map.groupBy(places, ({ steps: [last = ''] }) => last);
  return spans.flatMap((span) => {
    const place = byLast.get(span.token)?.find(({ steps }) => isAt(span, steps));
    return place === undefined ? [] : [placeEdit(span, text.slice(span.start, span.end), place.how, key)];
  });
}

/** Objects and arrays are hidden whole. Dropping the document itself leaves null. */
function placeEdit(span: Span, written: string, how: Hiding, key: HidingKey): Edit {
  const { start, end, kind, parent } = span;
  if (how === 'drop' && parent !== undefined) return { start: span.outerStart, end, by: GONE };
  if (how === 'drop') return { start, end, by: 'null' };
  const value = kind === 'string' ? (JSON.parse(written) as string) : written;
  const isWhole = kind === 'object' || kind === 'array';
  return { start, end, by: JSON.stringify(hidden(value, isWhole && how === 'mask' ? 'erase' : how, key)) };
}

/** What lies inside of another edit is gone already. */
function edited(text: string, edits: readonly Edit[]): string {
  let out = '';
  let at = 0;
  for (const { start, end, by } of edits.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (end <= at) continue;
    out += text.slice(at, Math.max(at, start)) + by;
    at = end;
  }
  return out + text.slice(at);
}
