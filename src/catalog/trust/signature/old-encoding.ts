const OLD_PREDICATE = '"https://model_signing/Digests/v0.1"';
const BACKSLASH = 0x5c;
const ESCAPES: Readonly<Record<number, string>> = { 0x09: '\\t', 0x0a: '\\n', 0x0d: '\\r', [BACKSLASH]: '\\\\' };

/** True for a payload in the layout of version 0.2 of the reference tool. */
export function isOldLayout(payload: Buffer): boolean {
  return payload.includes(OLD_PREDICATE);
}

/**
 * What version 0.2 of the reference tool signed in place of the encoding of DSSE: it put the payload into a text as Python
 * shows bytes. The spelling of the name sets it apart from the encoding of DSSE, so that neither passes for the other.
 */
export function oldEncoding(payloadType: string, payload: Buffer): Buffer {
  return Buffer.from(`DSSEV1 ${payloadType.length} ${payloadType} ${payload.length} ${shownByPython(payload)}`);
}

function shownByPython(bytes: Buffer): string {
  const quote = bytes.includes("'") && !bytes.includes('"') ? '"' : "'";
  const shown = Array.from(bytes, (byte) => shownByte(byte, quote));
  return `b${quote}${shown.join('')}${quote}`;
}

function shownByte(byte: number, quote: string): string {
  const escape = ESCAPES[byte];
  if (escape !== undefined) return escape;
  if (byte < 0x20 || byte >= 0x7f) return `\\x${byte.toString(16).padStart(2, '0')}`;
  const character = String.fromCharCode(byte);
  return character === quote ? `\\${quote}` : character;
}
