import { isUtf8Text } from './media-types.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A body as JSON can carry it: text where type and bytes allow it, else Base64. A cut body loses the half of a character at its end. */
export function bodyOf(
  bytes: Uint8Array,
  contentType: string | undefined,
  truncated: boolean,
): { readonly body: string } | { readonly body_base64: string } {
  if (bytes.length === 0) return { body: '' };
  const whole = truncated ? bytes.subarray(0, bytes.length - unfinished(bytes)) : bytes;
  const text = isUtf8Text(contentType) ? decoded(whole) : undefined;
  return text === undefined ? { body_base64: base64(bytes) } : { body: text };
}

export type Piece = { readonly text: string } | { readonly base64: string };

/** The same for a body that comes in pieces: characters that two pieces share are kept whole. After bytes that are no UTF-8 all is Base64. */
export class BodyPieces {
  private isText: boolean;
  private carried: Uint8Array = new Uint8Array();

  constructor(contentType: string | undefined) {
    this.isText = isUtf8Text(contentType);
  }

  /** Undefined when there is nothing to send yet. */
  push(bytes: Uint8Array): Piece | undefined {
    if (!this.isText) return pieceOf(bytes);
    const joined = this.carried.length === 0 ? bytes : Buffer.concat([this.carried, bytes]);
    const whole = joined.length - unfinished(joined);
    const text = decoded(joined.subarray(0, whole));
    if (text === undefined) return this.giveUpText(joined);
    this.carried = joined.slice(whole);
    return text === '' ? undefined : { text };
  }

  /** What is left when the body is over: half a character, if it was cut there. */
  end(): Piece | undefined {
    return pieceOf(this.carried);
  }

  private giveUpText(bytes: Uint8Array): Piece | undefined {
    this.isText = false;
    this.carried = new Uint8Array();
    return pieceOf(bytes);
  }
}

function pieceOf(bytes: Uint8Array): Piece | undefined {
  return bytes.length === 0 ? undefined : { base64: base64(bytes) };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Bytes at the end that begin a character and do not finish it; 0 to 3. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte >= 0xc0) return lengthOf(byte) > back ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

function lengthOf(lead: number): number {
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}
