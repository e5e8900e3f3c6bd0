import { badStream } from '@llama-orch/plugin-sdk/http';

/** What the events of a model hold: what is new, or the whole answer so far. */
export type TextForm = 'delta' | 'cumulative';

/** What is known about a model, for all its answers. */
export interface TextMemory {
  form: TextForm | 'auto';
  /** It was said by the operator, not found out. */
  readonly isGiven: boolean;
}

/** A cumulative model does not repeat itself that often. */
const MOST_REPEATS = 3;
/** Half a character at the end of a text that is decoded anew each time. */
const HALF = /\ufffd+$/;

/** From the texts of the events to what is new in each, without the prompt. */
export class AnswerText {
  /** The answer so far; of no use once it is known that events hold what is new. */
  #whole = '';
  /** Texts that are either the whole answer again or, by chance, begin like it. */
  #held: string[] = [];
  #isFirst = true;
  #echo: string | undefined;
  #pieces = 0;

  /** @param echo prompt that the answer may begin with; undefined: it does not */
  constructor(
    private readonly memory: TextMemory,
    echo: string | undefined,
  ) {
    this.#echo = echo === '' ? undefined : echo;
  }

  /** Events that brought something new, as far as that is known. */
  get pieces(): number {
    return this.#pieces;
  }

  /** @throws EngineError `bad_stream` when a whole answer contradicts the one before */
  next(text: string): string {
    const fresh = this.#withoutEcho(text);
    if (fresh === '') return '';
    // Another answer may have found out while this one was in doubt.
    if (this.memory.form === 'delta')
      return this.#held.length === 0 ? this.#found(1, fresh) : this.#isDelta([...this.#held, fresh]);
    const readable = fresh.replace(HALF, '');
    return this.memory.form === 'cumulative' ? this.#grown(readable) : this.#compared(readable);
  }

  /** What was held back, once the answer is complete. A text that came twice is told once. */
  rest(): string {
    const held = this.#held;
    this.#held = [];
    const last = held.at(-1) ?? this.#whole;
    const isDelta = this.memory.form === 'delta';
    if (last.length > this.#whole.length && !isDelta) return this.#growTo(last, this.#steps(held));
    return held.length < MOST_REPEATS - 1 && !isDelta ? '' : this.#found(held.length, held.join(''));
  }

  #grown(text: string): string {
    if (this.#whole.startsWith(text)) return '';
    if (text.startsWith(this.#whole)) return this.#growTo(text, 1);
    if (!this.memory.isGiven) this.memory.form = 'auto';
    throw badStream('a whole answer that contradicts the one before');
  }

  #compared(text: string): string {
    if (this.#whole === '') return this.#growTo(text, 1);
    const last = this.#held.at(-1) ?? this.#whole;
    const isLonger = text.length > last.length;
    if (!text.startsWith(last)) return this.#isDelta([...this.#held, text]);
    if (isLonger && last.length > this.#whole.length) return this.#isCumulative(text);
    this.#held.push(text);
    return text === this.#whole && this.#held.length > MOST_REPEATS ? this.#isDelta(this.#held) : '';
  }

  #isDelta(pieces: readonly string[]): string {
    this.memory.form = 'delta';
    this.#held = [];
    return this.#found(pieces.length, pieces.join(''));
  }

  #isCumulative(text: string): string {
    this.memory.form = 'cumulative';
    const steps = this.#steps([...this.#held, text]);
    this.#held = [];
    return this.#growTo(text, steps);
  }

  /** How often the answer has grown. */
  #steps(wholes: readonly string[]): number {
    return new Set(wholes.filter((whole) => whole !== this.#whole)).size;
  }

  #growTo(text: string, pieces: number): string {
    const grown = text.slice(this.#whole.length);
    this.#whole = text;
    return this.#found(text === '' ? 0 : pieces, grown);
  }

  #found(pieces: number, text: string): string {
    this.#pieces += pieces;
    return text;
  }

  /** The prompt stands before the first text or, in a whole answer, before each. */
  #withoutEcho(text: string): string {
    const echo = this.#echo;
    if (echo === undefined || text === '') return text;
    const isEchoed = text.startsWith(echo) && (this.#isFirst || this.memory.form !== 'delta');
    if (this.#isFirst && !isEchoed) this.#echo = undefined;
    this.#isFirst = false;
    return isEchoed ? text.slice(echo.length) : text;
  }
}
