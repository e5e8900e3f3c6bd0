import { REDACTED } from '../redactor.js';
import { type Span } from './spans.js';

/** Shorter values stand in too many texts by chance. */
const SHORTEST = 8;
const LONGEST = 16 * 1024;

/** Values that are secrets wherever they stand. */
export class KnownValues {
  private readonly learned = new Set<string>();
  /** The values, and as URLs and JSON write them. */
  private readonly forms = new Set<string>();

  learn(secret: string): void {
    const value = secret.trim();
    if (this.learned.has(value) || value.length < SHORTEST || value.length > LONGEST) return;
    // Whoever looked for this would find it in what stands in its place.
    if (REDACTED.includes(value)) return;
    this.learned.add(value);
    for (const form of formsOf(value)) this.forms.add(form);
  }

  /** Characters of the longest one. */
  get longest(): number {
    return Math.max(0, ...[...this.forms].map((form) => form.length));
  }

  /** Texts search for a literal far faster than for a pattern; there are only few of them. */
  in(text: string): readonly Span[] {
    const found: Span[] = [];
    for (const form of this.forms) {
      for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1)) {
        found.push({ start: at, end: at + form.length });
      }
    }
    return found;
  }

  /** The same values in the bytes of UTF-8, one character each. */
  asBytes(): KnownValues {
    const bytes = new KnownValues();
    for (const form of this.forms) bytes.forms.add(Buffer.from(form).toString('latin1'));
    return bytes;
  }
}

function formsOf(value: string): string[] {
  const wellFormed = value.toWellFormed();
  return [value, encodeURIComponent(wellFormed), JSON.stringify(value).slice(1, -1)];
}
