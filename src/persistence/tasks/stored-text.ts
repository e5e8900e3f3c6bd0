import { outputText, piecesOf } from '../../tasks/frames.js';

/** What stored frames say, without what was only thought. */
export function textIn(chunks: readonly Uint8Array[]): string {
  return outputText(chunks.flatMap((bytes) => piecesOf(Buffer.from(bytes).toString())));
}
