export interface JsonBounds {
  readonly maxBytes: number;
  readonly maxDepth: number;
}

/** What keeps a text from being parsed, or its value. */
export type BoundedJson =
  | { readonly type: 'value'; readonly value: unknown }
  | { readonly type: 'too-large' }
  | { readonly type: 'too-deep' }
  | { readonly type: 'not-json' };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = [0x5b, 0x7b];
const CLOSING = [0x5d, 0x7d];

/** Parses a text of a stranger: its size and its nesting are looked at before a parser sees it. */
export function boundedJson(text: string, { maxBytes, maxDepth }: JsonBounds): BoundedJson {
  // A UTF-16 unit is a byte at least, so that no long text is measured.
  if (text.length > maxBytes || Buffer.byteLength(text) > maxBytes) return { type: 'too-large' };
  if (depthOf(text) > maxDepth) return { type: 'too-deep' };
  try {
    return { type: 'value', value: JSON.parse(text) };
  } catch {
    return { type: 'not-json' };
  }
}

function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) at = endOfString(text, at);
    else if (OPENING.includes(unit)) deepest = Math.max(deepest, (depth += 1));
    else if (CLOSING.includes(unit)) depth -= 1;
  }
  return deepest;
}

/** Where the string that begins at a quote ends; the end of the text when it does not. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1))
    if (backslashesBefore(text, end) % 2 === 0) return end;
  return text.length;
}

function backslashesBefore(text: string, end: number): number {
  let count = 0;
  while (text.charCodeAt(end - 1 - count) === BACKSLASH) count += 1;
  return count;
}
