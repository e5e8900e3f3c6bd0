import { atOnce, type Work } from './work.js';

/** Where a value of a JSON text stands. */
export interface Span {
  /** What it is in; undefined at the top. */
  readonly parent: Span | undefined;
  /** Name of the member, or number of the item; the same for members that are repeated. */
  readonly token: string | number;
  readonly kind: 'string' | 'scalar' | 'object' | 'array';
  readonly start: number;
  end: number;
  /** Where the member begins: with its name, where it has one. */
  readonly outerStart: number;
}

const DEEPEST = 256;
const SPANS_PER_STEP = 4_096;
const SPACE = /[ \t\n\r]*/y;
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
const SCALAR = /-?\d[\d.eE+-]*|true|false|null/y;

/**
 * All values of a JSON text with their places, so that one can be changed without touching the others: a text that is
 * parsed and written again loses repeated members and digits. Undefined when the text is no JSON, or too deep.
 */
export function spansOf(text: string): readonly Span[] | undefined {
  return atOnce(spanWork(text));
}

/** The same for a text that may be long. */
export function* spanWork(text: string): Work<readonly Span[] | undefined> {
  if (!isJson(text)) return undefined;
  yield;
  const reader = new SpanReader(text);
  return (yield* reader.read()) ? reader.spans : undefined;
}

/** JSON Pointer to a value; to what holds it where its own would have more than `most` characters. */
export function pointerOf(span: Span, most = Infinity): string {
  let pointer = '';
  for (const token of tokensTo(span)) {
    if (pointer.length + token.length >= most) return pointer;
    pointer = below(pointer, token);
  }
  return pointer;
}

/** A pointer with one more step. */
export function below(pointer: string, token: string): string {
  return `${pointer}/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`;
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
    if (at?.parent === undefined || String(at.token) !== step) return false;
    at = at.parent;
  }
  return at !== undefined && at.parent === undefined;
}

/** Name of the member that a value is; undefined in arrays and at the top. */
export function memberName({ token }: Span): string | undefined {
  return typeof token === 'string' ? token : undefined;
}

function tokensTo(span: Span): readonly string[] {
  const tokens: string[] = [];
  for (let at = span; at.parent !== undefined; at = at.parent) tokens.push(String(at.token));
  return tokens.reverse();
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** An object or array that is being read. */
interface Open {
  readonly span: Span;
  readonly close: '}' | ']';
  items: number;
}

/** Reads a text that is known to be JSON. */
class SpanReader {
  readonly spans: Span[] = [];
  private at = 0;
  private readonly open: Open[] = [];

  constructor(private readonly text: string) {}

  /** False when it is too deep. */
  *read(): Work<boolean> {
    this.skip(SPACE);
    for (;;) {
      this.value();
      this.close();
      if (this.open.length === 0) return true;
      if (this.open.length > DEEPEST) return false;
      if (this.spans.length % SPANS_PER_STEP === 0) yield;
    }
  }

  /** One value; of an object or array the beginning. */
  private value(): void {
    const around = this.open.at(-1);
    const outerStart = this.at;
    const token = around === undefined ? 0 : this.tokenIn(around);
    const kind = kindOf(this.text[this.at]);
    const span: Span = { parent: around?.span, token, kind, start: this.at, end: this.at, outerStart };
    this.spans.push(span);
    if (kind === 'object' || kind === 'array') this.enter(span);
    else this.skip(kind === 'string' ? STRING : SCALAR);
    span.end = this.at;
  }

  private tokenIn(around: Open): string | number {
    around.items += 1;
    return around.close === '}' ? this.name() : around.items - 1;
  }

  private enter(span: Span): void {
    this.open.push({ span, close: span.kind === 'object' ? '}' : ']', items: 0 });
    this.at += 1;
  }

  /** All that ends here; then what comes next is a value again. */
  private close(): void {
    this.skip(SPACE);
    for (
      let last = this.open.at(-1);
      last !== undefined && this.text[this.at] === last.close;
      last = this.open.at(-1)
    ) {
      this.at += 1;
      last.span.end = this.at;
      this.open.pop();
      this.skip(SPACE);
    }
    if (this.text[this.at] !== ',') return;
    this.at += 1;
    this.skip(SPACE);
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
