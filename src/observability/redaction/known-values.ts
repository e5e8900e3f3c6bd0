import { REDACTED, SECRET_LENGTHS } from '../redactor.js';
import { type Span } from './spans.js';

/** Values that are secrets wherever they stand. */
export class KnownValues {
  private readonly learned = new Set<string>();
  /** The values, and as URLs and JSON write them. */
  private readonly forms = new Set<string>();
  private bytes: KnownValues | undefined;

  learn(secret: string): void {
    const value = secret.trim();
    if (this.learned.has(value) || !canBeFound(value)) return;
    // Whoever looked for this would find it in what stands in its place.
    if (REDACTED.includes(value)) return;
    this.learned.add(value);
    for (const form of formsOf(value)) this.forms.add(form);
    this.bytes = undefined;
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

  /** The same values in the bytes of UTF-8, one character each. Stands until another value is learned. */
  asBytes(): KnownValues {
    if (this.bytes !== undefined) return this.bytes;
    const bytes = new KnownValues();
    for (const form of this.forms) bytes.forms.add(Buffer.from(form).toString('latin1'));
    return (this.bytes = bytes);
  }
}

function canBeFound({ length }: string): boolean {
  return length >= SECRET_LENGTHS.least && length <= SECRET_LENGTHS.most;
}

function formsOf(value: string): string[] {
  const wellFormed = value.toWellFormed();
  return [value, encodeURIComponent(wellFormed), JSON.stringify(value).slice(1, -1)];
}
