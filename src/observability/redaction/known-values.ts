import { REDACTED, SECRET_LENGTHS } from '../redactor.js';
import { NOTHING, type Span } from './spans.js';
import { Spellings } from './spelled/spellings.js';

/** Values that are secrets wherever they stand, however they are spelled. */
export class KnownValues {
  private readonly learned = new Set<string>();
  private found: Spellings | undefined;
  private foundPlain: Spellings | undefined;

  constructor(values: Iterable<string> = []) {
    for (const value of values) this.learn(value);
  }

  get isEmpty(): boolean {
    return this.learned.size === 0;
  }

  learn(secret: string): void {
    const value = secret.trim();
    if (this.learned.has(value) || !canBeFound(value)) return;
    // Whoever looked for this would find it in what stands in its place.
    if (REDACTED.includes(value)) return;
    this.learned.add(value);
    this.found = this.foundPlain = undefined;
  }

  in(text: string): readonly Span[] {
    if (this.isEmpty) return NOTHING;
    const bytes = Buffer.from(text);
    const spans = this.spellings.in(bytes);
    return spans.length === 0 || bytes.length === text.length ? spans : inCharacters(spans, text);
  }

  /** In bytes, one character each. */
  inBytes(text: string): readonly Span[] {
    return this.isEmpty ? NOTHING : this.spellings.in(Buffer.from(text, 'latin1'));
  }

  /** In bytes that nobody reads as text, where nothing is escaped. */
  inPlainBytes(text: string): readonly Span[] {
    return this.isEmpty ? NOTHING : this.plainly.in(Buffer.from(text, 'latin1'));
  }

  /** Where a value may begin that goes on behind the bytes; their length when there is none. */
  cutIn(text: string): number {
    return this.isEmpty ? text.length : this.spellings.cutIn(Buffer.from(text, 'latin1'));
  }

  /** The same for bytes that nobody reads as text. */
  cutInPlain(text: string): number {
    return this.isEmpty ? text.length : this.plainly.cutIn(Buffer.from(text, 'latin1'));
  }

  private get plainly(): Spellings {
    return (this.foundPlain ??= new Spellings([...this.learned], 0));
  }

  private get spellings(): Spellings {
    return (this.found ??= new Spellings([...this.learned]));
  }
}

/** Whether a value is looked for at all. */
export function canBeFound({ length }: string): boolean {
  return length >= SECRET_LENGTHS.least && length <= SECRET_LENGTHS.most;
}

/** From places in UTF-8 to places in the text. */
function inCharacters(spans: readonly Span[], text: string): readonly Span[] {
  const at = new Uint32Array(Buffer.byteLength(text) + 1);
  let [byte, unit] = [0, 0];
  for (const character of text) {
    const size = Buffer.byteLength(character);
    at.fill(unit, byte, byte + size);
    byte += size;
    unit += character.length;
  }
  at[byte] = unit;
  return spans.map(({ start, end }) => ({ start: at[start]!, end: at[end]! }));
}
