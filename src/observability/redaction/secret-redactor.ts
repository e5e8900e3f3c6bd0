import { REDACTED, type RedactionStream, Redactor } from '../redactor.js';
import { BodyStream } from './body-stream.js';
import { clone } from './clone.js';
import { KnownValues } from './known-values.js';
import { LONGEST_MATCH, patternFinder } from './patterns.js';
import { LONGEST_PII, piiFinders } from './pii.js';
import { isMasked, ruleFinder } from './rules.js';
import { isSecretHeader } from './secret-names.js';
import { type Finder, takeOut } from './spans.js';

export interface RedactionSettings {
  /** Values that are secrets from the start. */
  readonly secrets: readonly string[];
  /** Regular expressions. */
  readonly patterns: readonly string[];
  /** E-mail addresses, phone and card numbers go from bodies too. */
  readonly pii: boolean;
}

const MOST_NAMES = 2_000;
const LONGEST_NAME = 64;

/** Knows secrets by their value, by where they stand, and by the expressions of the configuration. */
export class SecretRedactor extends Redactor {
  private readonly known = new KnownValues();
  private readonly allKnown: readonly KnownValues[];
  private readonly patterns: readonly Finder[];
  private readonly ofTexts: readonly Finder[];
  private readonly ofContents: readonly Finder[];
  /** Names of members are few and come again and again. */
  private readonly names = new Map<string, string>();

  /** @param around what it learns, this one knows too */
  constructor(
    private readonly settings: RedactionSettings,
    around?: SecretRedactor,
  ) {
    super();
    this.allKnown = [this.known, ...(around?.allKnown ?? [])];
    this.patterns = around?.patterns ?? settings.patterns.map(patternFinder);
    const known = this.allKnown.map((values) => (text: string) => values.in(text));
    this.ofTexts = [...known, ruleFinder, ...this.patterns];
    this.ofContents = [...known, ...this.patterns, ...(settings.pii ? piiFinders : [])];
    for (const secret of settings.secrets) this.learn(secret);
  }

  override learn(secret: string): void {
    this.known.learn(secret);
    this.names.clear();
  }

  override text(text: string): string {
    return guarded(() => takeOut(text, this.ofTexts));
  }

  override content(text: string): string {
    return guarded(() => takeOut(text, this.ofContents));
  }

  override url(url: string): string {
    return guarded(() => plainUrl(this.text(url)));
  }

  override header(name: string, value: string): string {
    if (isSecretHeader(name) && !isMasked(value)) return REDACTED;
    return this.text(value);
  }

  override value<Value>(value: Value): Value {
    const by = { text: (text: string) => this.text(text), name: (name: string) => this.name(name) };
    return guarded(() => clone(value, by)) as Value;
  }

  private name(name: string): string {
    const before = this.names.get(name);
    if (before !== undefined) return before;
    const cleaned = this.text(name);
    if (this.names.size >= MOST_NAMES) this.names.clear();
    if (name.length <= LONGEST_NAME) this.names.set(name, cleaned);
    return cleaned;
  }

  override including(secrets: readonly string[]): Redactor {
    return secrets.length === 0 ? this : new SecretRedactor({ ...this.settings, secrets }, this);
  }

  override stream(body: 'text' | 'bytes' = 'text'): RedactionStream {
    const isText = body === 'text';
    const pii = isText && this.settings.pii ? piiFinders : [];
    const patterns = isText ? this.patterns : [];
    const reach = Math.max(1, patterns.length > 0 ? LONGEST_MATCH : 0, pii.length > 0 ? LONGEST_PII : 0);
    const known = this.allKnown.map((values) => (text: string) => values.inBytes(text));
    const cutIn = (text: string) => Math.min(...this.allKnown.map((values) => values.cutIn(text)));
    return new BodyStream([...known, ...patterns, ...pii], reach - 1, cutIn);
  }
}

/** Parsers take `http:user:password@host` and the like for what they are not written as; such a URL is written anew. */
function plainUrl(text: string): string {
  if (!text.includes('@') || !URL.canParse(text)) return text;
  const { protocol, username, password, host, pathname, search, hash } = new URL(text);
  if (password === '' && (username === '' || decodeURIComponent(username) === REDACTED)) return text;
  return `${protocol}//${REDACTED}@${host}${pathname}${search}${hash}`;
}

/** Nothing that cannot be looked at leaves. */
function guarded<Value>(redact: () => Value): Value | typeof REDACTED {
  try {
    return redact();
  } catch {
    return REDACTED;
  }
}
