import { type TokenEvent } from '@llama-orch/plugin-sdk';
import { type Piece } from './frames.js';

/**
 * What a reader has of an answer. Another run of the task brings it again before anything new, byte for byte, whatever
 * its tokens are cut into.
 */
export class Prefix {
  private piece = 0;
  private at = 0;

  /** Neighbours among the pieces differ in their kind. */
  constructor(private readonly pieces: readonly Piece[]) {}

  /** All of it has come again. */
  get isWhole(): boolean {
    return this.piece === this.pieces.length;
  }

  /** What of the next token is new to the reader; `other`: the reader was told something else there. */
  take(token: TokenEvent): TokenEvent | 'known' | 'other' {
    const piece = this.pieces[this.piece];
    if (piece === undefined) return token;
    const known = Math.min(token.text.length, piece.text.length - this.at);
    if (piece.reasoning !== (token.reasoning === true)) return 'other';
    if (!piece.text.startsWith(token.text.slice(0, known), this.at)) return 'other';
    this.pass(known, piece);
    if (known === token.text.length) return 'known';
    return this.isWhole ? { ...token, text: token.text.slice(known) } : 'other';
  }

  private pass(length: number, { text }: Piece): void {
    this.at += length;
    if (this.at < text.length) return;
    this.piece++;
    this.at = 0;
  }
}
