const REPLACEMENT = '\uFFFD';
/** A character takes four byte tokens at most; twice that also rides out a stray byte in front of it. */
const HELD_AT_MOST = 8;
/** Tokens before the new ones that decide about spaces between words. */
const CONTEXT_TOKENS = 8;

export type Detokenise<Token> = (tokens: readonly Token[], before: readonly Token[]) => string;

/** Turns tokens into text as they come, in whole characters. Bytes that never become a character are dropped. */
export class Detokeniser<Token> {
  private held: Token[] = [];
  private before: readonly Token[] = [];

  constructor(private readonly detokenise: Detokenise<Token>) {}

  push(token: Token): string {
    this.held.push(token);
    const text = this.detokenise(this.held, this.before);
    if (text.endsWith(REPLACEMENT) && this.held.length < HELD_AT_MOST) return '';
    this.before = [...this.before, ...this.held].slice(-CONTEXT_TOKENS);
    this.held = [];
    return text.replaceAll(REPLACEMENT, '');
  }
}
