import { isAt, type Span, spanWork, stepsUp } from '../findings/json-spans.js';
import { leafHitWork, scannedLeafWork } from '../findings/leaves.js';
import { type Hit, hitWork, isOfClass } from '../findings/scan.js';
import { atOnce, type Work } from '../findings/work.js';
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
const HITS_PER_STEP = 512;
const SPANS_PER_STEP = 8_192;

/** Hides by class in a text without structure. */
export function hiddenText(text: string, rules: readonly HidingRule[], key: HidingKey): string {
  return atOnce(hiddenTextWork(text, rules, key));
}

/** The same for a text that may be long. */
export function* hiddenTextWork(text: string, rules: readonly HidingRule[], key: HidingKey): Work<string> {
  return yield* withoutHits(text, yield* hitWork(text), rules, key);
}

/** Hides by place and class in a JSON text, which stays one; undefined when it is none. The text may be long. */
export function* hiddenJsonWork(text: string, rules: readonly HidingRule[], key: HidingKey): Work<string | undefined> {
  const spans = yield* spanWork(text);
  if (spans === undefined) return undefined;
  const places = yield* placeEdits(text, spans, rules, key);
  const edits = [...places, ...(yield* classEdits(text, spans, rules, key))];
  yield;
  const left = edited(text, edits);
  return places.length === 0 ? left : left.replaceAll(GONE_WITH_COMMA, '');
}

function* classEdits(
  text: string,
  spans: readonly Span[],
  rules: readonly HidingRule[],
  key: HidingKey,
): Work<readonly Edit[]> {
  const edits: Edit[] = [];
  if (rules.every((rule) => rule.class === undefined)) return edits;
  const leaves = yield* scannedLeafWork(text, spans);
  for (const [{ span, value }, hits] of yield* leafHitWork(leaves)) {
    const changed = yield* withoutHits(value, hits, rules, key);
    if (changed !== value) edits.push({ start: span.start, end: span.end, by: JSON.stringify(changed) });
    yield;
  }
  return edits;
}

function* withoutHits(text: string, hits: readonly Hit[], rules: readonly HidingRule[], key: HidingKey): Work<string> {
  const edits: Edit[] = [];
  for (const [at, { class: name, start, end }] of hits.entries()) {
    const rule = rules.find((one) => one.class !== undefined && isOfClass(name, one.class));
    if (rule !== undefined) edits.push({ start, end, by: hidden(text.slice(start, end), rule.how, key) });
    if (at % HITS_PER_STEP === HITS_PER_STEP - 1) yield;
  }
  return edited(text, edits);
}

/** Rules are looked up by their last step: there may be a thousand, and as many values as a text can hold. */
function* placeEdits(
  text: string,
  spans: readonly Span[],
  rules: readonly HidingRule[],
  key: HidingKey,
): Work<readonly Edit[]> {
  const edits: Edit[] = [];
  const places = rules.flatMap(({ pointer, how }) => (pointer === undefined ? [] : [{ steps: stepsUp(pointer), how }]));
  if (places.length === 0) return edits;
  const byLast = Map.groupBy(places, ({ steps: [last = ''] }) => last);
  for (const [at, span] of spans.entries()) {
    const place = byLast.get(lastStepTo(span))?.find(({ steps }) => isAt(span, steps));
    if (place !== undefined) edits.push(placeEdit(span, text.slice(span.start, span.end), place.how, key));
    if (at % SPANS_PER_STEP === SPANS_PER_STEP - 1) yield;
  }
  return edits;
}

function lastStepTo({ parent, token }: Span): string {
  return parent === undefined ? '' : String(token);
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
