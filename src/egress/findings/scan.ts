import { isSensitive, PERSONAL_PATTERNS, SECRET_PATTERNS } from '../../observability/sensitive.js';
import { atOnce, type Work } from './work.js';

/** Something sensitive in a text, from `start` up to `end`. */
export interface Hit {
  readonly class: string;
  readonly start: number;
  readonly end: number;
}

const MATCHES_PER_STEP = 1_024;
/** Nothing that is looked for is shorter. */
export const SHORTEST_HIT = 6;
/** A number of JSON is a card or nothing: it has neither the signs nor the gaps of a phone number. */
export const SHORTEST_NUMBER = 13;

const PATTERNS = [...SECRET_PATTERNS, ...PERSONAL_PATTERNS].map(({ class: name, source }) => ({
  class: name,
  expression: new RegExp(source, 'gu'),
}));
const RANK = new Map(PATTERNS.map(({ class: name }, at) => [name, at]));

/** What is sensitive in a text, in order. Hits that overlap are one, of the kind that matters more. */
export function hitsIn(text: string): readonly Hit[] {
  return atOnce(hitWork(text));
}

/** The same for a text that may be long. */
export function* hitWork(text: string): Work<readonly Hit[]> {
  const hits: Hit[] = [];
  for (const { class: name, expression } of PATTERNS) {
    let matches = 0;
    for (const { 0: found, index } of text.matchAll(expression)) {
      if (isSensitive(name, found)) hits.push({ class: name, start: index, end: index + found.length });
      if (++matches % MATCHES_PER_STEP === 0) yield;
    }
    yield;
  }
  return hits.length === 0 ? hits : merged(hits.sort((a, b) => a.start - b.start));
}

/** In order of their begin. */
function merged(hits: readonly Hit[]): readonly Hit[] {
  const apart: Hit[] = [];
  for (const hit of hits) {
    const last = apart.at(-1);
    if (last === undefined || hit.start >= last.end) apart.push(hit);
    else apart[apart.length - 1] = union(last, hit);
  }
  return apart;
}

function union(a: Hit, b: Hit): Hit {
  const { class: name } = RANK.get(a.class)! <= RANK.get(b.class)! ? a : b;
  return { class: name, start: a.start, end: Math.max(a.end, b.end) };
}

/** Whether a rule of a policy, such as `secret.*` or `email`, means a class. */
export function isOfClass(name: string, rule: string): boolean {
  return rule.endsWith('*') ? name.startsWith(rule.slice(0, -1)) : name === rule;
}

/** The text with each hit replaced. */
export function replaced(text: string, hits: readonly Hit[], by: (hit: Hit, found: string) => string): string {
  let out = '';
  let at = 0;
  for (const hit of hits) {
    out += text.slice(at, hit.start) + by(hit, text.slice(hit.start, hit.end));
    at = hit.end;
  }
  return out + text.slice(at);
}
