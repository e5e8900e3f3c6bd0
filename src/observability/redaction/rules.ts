import { SECRET_PATTERNS } from '../sensitive.js';
import { type Finder, NOTHING, type Span } from './spans.js';
import { isSecretName } from './secret-names.js';

/**
 * Secrets that are told by where they stand. Each expression reads a text once from left to right: the classes that repeat
 * exclude what begins the next match.
 */

/** `://user:password@` */
const CREDENTIALS = /:\/\/([^\s/?#"'<>\\]*)@/g;
/** `?name=value`, `&name=value`, and the same behind `#` and `;` */
const PARAMETER = /([?&;#])([\w%.[\]-]{1,64})=([^&#;\s"'<>]+)/g;
/** `"name": "value"` */
const MEMBER = /"([\w-]{1,64})"\s{0,8}:\s{0,8}"([^"\\]*(?:\\.[^"\\]*)*)/g;
/** `Authorization: value`, as in a dump of headers */
const HEADER =
  /\b((?:proxy-)?authorization|x-api-key|(?:set-)?cookie)\b["']?\s{0,8}[:=]\s{0,8}["']?([^\s"'<>][^\r\n"'<>]*)/gi;
/** As in instructions: `Authorization: Bearer <key>`. */
const SCHEME_ALONE = /^(?:bearer|basic|digest)\s*$/i;
const BEARER = /\bBearer\s{1,8}([\w.~+/-]{16,}=*)/gi;
/** Keys of our own, and what a configuration keeps of them. */
const OWN_KEY = /\blorch_[a-z0-9][a-z0-9-]{0,62}_[\w-]{16,}|\bhmac-sha256:[0-9a-f]{32}:[0-9a-f]{64}/g;
/** Keys that are told by their form alone; the other forms have rules of their own here, which need more to go by. */
const FORMS = SECRET_PATTERNS.filter(({ class: name }) => !/\.(?:bearer|basic|url_credentials)$/.test(name)).map(
  ({ source }) => new RegExp(source, 'gu'),
);
const FORM_BEGINS = /-----BEGIN|AKIA|ASIA|gh[pousr]_|github_pat_|xox[abeoprs]-|sk-|AIza|hf_|eyJ/;
/** What the host itself masks: comparable, and no secret. */
const MASKED = /^<secret:[^<>\s]{1,40} sha256:[0-9a-f]+…?>$/;

/** A text without any of these holds nothing that a rule could find. */
const SUSPICIOUS = /[:=@]|bearer|lorch_/i;

/** Finds what stands in the place of a secret. */
export const ruleFinder: Finder = (text) => {
  const found = SUSPICIOUS.test(text) ? rules.flatMap((rule) => [...rule(text)]) : NOTHING;
  return FORM_BEGINS.test(text) ? [...found, ...FORMS.flatMap((form) => wholeMatches(text, form))] : found;
};

const rules: readonly ((text: string) => Iterable<Span>)[] = [
  (text) => (text.includes('://') ? lastGroups(text, CREDENTIALS, 1) : NOTHING),
  (text) =>
    text.includes('=') ? lastGroups(text, PARAMETER, 0, ([, , name = '']) => isSecretName(decoded(name))) : NOTHING,
  (text) => (text.includes('"') ? lastGroups(text, MEMBER, 0, ([, name = '']) => isSecretName(name)) : NOTHING),
  (text) => lastGroups(text, HEADER, 0, ([, , value = '']) => !SCHEME_ALONE.test(value)),
  (text) => lastGroups(text, BEARER),
  (text) => wholeMatches(text, OWN_KEY),
];

function wholeMatches(text: string, pattern: RegExp): Span[] {
  return Array.from(text.matchAll(pattern), ({ index, 0: { length } }) => ({ start: index, end: index + length }));
}

export function isMasked(value: string): boolean {
  return MASKED.test(value);
}

/** Where the last group of each match stands; `behind` characters of the match follow it. */
function* lastGroups(
  text: string,
  pattern: RegExp,
  behind = 0,
  counts: (match: RegExpExecArray) => boolean = () => true,
): Iterable<Span> {
  for (const match of text.matchAll(pattern)) {
    const value = match.at(-1)!;
    const end = match.index + match[0].length - behind;
    if (!isMasked(value) && counts(match)) yield { start: end - value.length, end };
  }
}

/** `%74oken` means `token`. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
