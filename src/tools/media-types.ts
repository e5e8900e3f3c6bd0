import { isOf } from '../egress/request/mime.js';

/** `type/subtype` of a Content-Type header, in lower case; undefined without one. */
export function mediaTypeOf(contentType: string | undefined): string | undefined {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  return type === '' ? undefined : type;
}

/**
 * Media types that both lists allow; an empty list allows all. Undefined when the lists have nothing in common.
 * Patterns are `type/subtype` or `type/*`.
 */
export function allowedByBoth(first: readonly string[], second: readonly string[]): readonly string[] | undefined {
  if (first.length === 0) return second;
  if (second.length === 0) return first;
  const common = first.flatMap((a) => second.flatMap((b) => narrower(a.toLowerCase(), b.toLowerCase()) ?? []));
  return common.length === 0 ? undefined : [...new Set(common)];
}

function narrower(a: string, b: string): string | undefined {
  if (isOf(b, a)) return b;
  return isOf(a, b) ? a : undefined;
}

const TEXTUAL =
  /^(?:text\/.+|application\/(?:(?:.+\+)?(?:json|xml|yaml)|x-yaml|x-ndjson|jsonl|javascript|ecmascript|graphql|sql|toml|x-www-form-urlencoded)|(?:image|model)\/.+\+xml)$/;
const UTF8 = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);

/** Whether a body of that Content-Type is text in UTF-8, as far as its sender says. */
export function isUtf8Text(contentType: string | undefined): boolean {
  const type = mediaTypeOf(contentType);
  if (type === undefined || !TEXTUAL.test(type)) return false;
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType ?? '')?.[1];
  return charset === undefined || UTF8.has(charset.toLowerCase());
}
