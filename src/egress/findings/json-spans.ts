/** Where a value of a JSON text stands. */
export interface Span {
  /** What it is in; undefined at the top. */
  readonly parent: Span | undefined;
  /** Name of the member, or number of the item; the same for members that are repeated. */
  readonly token: string;
  readonly kind: 'string' | 'scalar' | 'object' | 'array';
  readonly start: number;
  end: number;
  /** Where the member begins: with its name, where it has one. */
  readonly outerStart: number;
}

const DEEPEST = 256;
const SPACE = /[ \t\n\r]*/y;
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
const SCALAR = /-?\d[\d.eE+-]*|true|false|null/y;

/**
 * All values of a JSON text with their places, so that one can be changed without touching the others: a text that is
 * parsed and written again loses repeated members and digits. Undefined when the text is no JSON, or too deep.
 */
export function spansOf(text: string): readonly Span[] | undefined {
  if (!isJson(text)) return undefined;
  const reader = new SpanReader(text);
  return reader.read() ? reader.spans : undefined;
}

/** JSON Pointer to a value. */
export function pointerOf({ parent, token }: Span): string {
  return parent === undefined ? '' : `${pointerOf(parent)}/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** The steps of a pointer, the last first. */
export function stepsUp(pointer: string): readonly string[] {
  const steps = pointer.split('/').slice(1);
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~')).reverse();
}

/** Whether a value is where the steps lead. */
export function isAt(span: Span, steps: readonly string[]): boolean {
  let at: Span | undefined = span;
  for (const step of steps) {
    if (at?.parent === undefined || at.token !== step) return false;
    at = at.parent;
  }
  return at !== undefined && at.parent === undefined;
}

/** Name of the member that a value is; undefined in arrays and at the top. */
export function memberName({ parent, token }: Span): string | undefined {
  return parent?.kind === 'object' ? token : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Reads a text that is known to be JSON. */
class SpanReader {
  readonly spans: Span[] = [];
  private at = 0;

  constructor(private readonly text: string) {}

  read(): boolean {
    this.skip(SPACE);
    return this.value(undefined, '', this.at, 0);
  }

  private value(parent: Span | undefined, token: string, outerStart: number, depth: number): boolean {
    if (depth > DEEPEST) return false;
    const kind = kindOf(this.text[this.at]);
    const span: Span = { parent, token, kind, start: this.at, end: this.at, outerStart };
    this.spans.push(span);
    if (kind === 'string') this.skip(STRING);
    else if (kind === 'scalar') this.skip(SCALAR);
    else if (!this.items(span, depth)) return false;
    span.end = this.at;
    this.skip(SPACE);
    return true;
  }

  private items(span: Span, depth: number): boolean {
    const close = span.kind === 'object' ? '}' : ']';
    this.at += 1;
    this.skip(SPACE);
    for (let index = 0; this.text[this.at] !== close; index += 1) {
      if (index > 0) this.at += 1;
      this.skip(SPACE);
      const outerStart = this.at;
      const token = span.kind === 'object' ? this.name() : String(index);
      if (!this.value(span, token, outerStart, depth + 1)) return false;
    }
    this.at += 1;
    return true;
  }

  private name(): string {
    const start = this.at;
    this.skip(STRING);
    const name = JSON.parse(this.text.slice(start, this.at)) as string;
    this.skip(SPACE);
    this.at += 1;
    this.skip(SPACE);
    return name;
  }

  private skip(expression: RegExp): void {
    expression.lastIndex = this.at;
    if (expression.test(this.text)) this.at = expression.lastIndex;
  }
}

function kindOf(character: string | undefined): Span['kind'] {
  if (character === '"') return 'string';
  if (character === '{') return 'object';
  return character === '[' ? 'array' : 'scalar';
}
