import { canBeFound, KnownValues } from '../../observability/redaction/known-values.js';
import { BodyStream } from '../../observability/redaction/body-stream.js';
import { spansIn, withoutSpans } from '../../observability/redaction/spans.js';
import { type RedactionStream, type Redactor } from '../../observability/redactor.js';

/** A call that carries more is known by these; all of them still go from records by name and form. */
const MOST_VALUES = 128;
/** `name=value; name=value` */
const COOKIES = /^[\w.-]+=[^;]*(?:;\s*[\w.-]+=[^;]*)*;?$/;

/**
 * What one call carries that is nobody else's: headers that the host adds, and what was masked in its requests. Servers
 * like to repeat what they were sent, so it goes from answers, from where they redirect to, and from what is written down.
 */
export class CallSecrets {
  private readonly values = new Set<string>();
  private known = new KnownValues();
  private including: Redactor | undefined;

  constructor(private readonly base: Redactor) {}

  /** Values of headers, parameters and members; what stands inside of them counts too. */
  learn(values: Iterable<string>): void {
    const before = this.values.size;
    for (const value of values) {
      for (const part of partsOf(value)) if (canBeFound(part) && this.values.size < MOST_VALUES) this.values.add(part);
    }
    if (this.values.size === before) return;
    this.known = new KnownValues(this.values);
    this.including = undefined;
  }

  /** For what is written down of the call. */
  get redactor(): Redactor {
    return (this.including ??= this.base.including([...this.values]));
  }

  /** A text of one character per byte, such as a header, without them. */
  erased(text: string): string {
    if (this.known.isEmpty) return text;
    const spans = spansIn(text, [(one) => this.known.inBytes(one)]);
    return spans.length === 0 ? text : withoutSpans(text, spans);
  }

  /** Takes them out of a body that comes in pieces. @param isFile nobody reads it as text */
  stream(isFile: boolean): RedactionStream {
    const { known } = this;
    if (known.isEmpty) return { push: (piece) => piece, end: () => new Uint8Array() };
    if (isFile) return new BodyStream([(text) => known.inPlainBytes(text)], 0, (text) => known.cutInPlain(text));
    return new BodyStream([(text) => known.inBytes(text)], 0, (text) => known.cutIn(text));
  }
}

function partsOf(value: string): readonly string[] {
  const [, scheme = '', credentials = ''] = /^([\w-]+)\s+(.*)$/s.exec(value) ?? [];
  const parts = [value, credentials, ...(COOKIES.test(value) ? cookiesIn(value) : [])];
  return scheme.toLowerCase() === 'basic' ? [...parts, ...passwordIn(credentials)] : parts;
}

function cookiesIn(value: string): readonly string[] {
  return value.split(';').map((pair) => pair.slice(pair.indexOf('=') + 1).trim());
}

function passwordIn(credentials: string): readonly string[] {
  const pair = Buffer.from(credentials, 'base64').toString();
  return [pair, pair.slice(pair.indexOf(':') + 1)];
}
