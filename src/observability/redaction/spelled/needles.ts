/** Which bytes count as equal. */
export type Likeness = 'exact' | 'hex' | 'base64';

/** Bytes that are a secret wherever they stand. */
export interface Needle {
  readonly bytes: Uint8Array;
  readonly likeness: Likeness;
  /** Characters of Base64 beside it that hold a part of its first or last byte. */
  readonly before: number;
  readonly behind: number;
}

/** How often a value may be escaped: JSON in JSON in a URL. */
export const MOST_LEVELS = 3;

/** A value in the spellings that are not escapes: as it is, as UTF-16, in hexadecimal digits and in Base64. */
export function needlesOf(value: string): readonly Needle[] {
  return [...new Set(textsOf(value))].flatMap((text) => {
    const utf8 = Buffer.from(text);
    const wide = Buffer.from(text, 'utf16le');
    return [
      exact(utf8),
      exact(wide),
      exact(Buffer.from(wide).swap16()),
      { ...exact(Buffer.from(utf8.toString('hex'))), likeness: 'hex' } as const,
      ...[0, 1, 2].map((offset) => base64(utf8, offset)),
    ];
  });
}

/** With control characters as JSON has them, and with spaces as forms have them. */
function textsOf(value: string): readonly string[] {
  const json = JSON.stringify(value).slice(1, -1);
  return [value, value.replaceAll(' ', '+'), json, json.replaceAll('\\"', '"').replaceAll('\\\\', '\\')];
}

function exact(bytes: Uint8Array): Needle {
  return { bytes, likeness: 'exact', before: 0, behind: 0 };
}

/** What is sure of a value that begins `offset` bytes into a group of three: the characters that it fills alone. */
function base64(bytes: Buffer, offset: number): Needle {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  const from = Math.ceil((8 * offset) / 6);
  const end = Math.floor((8 * (offset + bytes.length)) / 6);
  const behind = (offset + bytes.length) % 3 === 0 ? 0 : 1;
  return { bytes: Buffer.from(text.slice(from, end)), likeness: 'base64', before: offset === 0 ? 0 : 1, behind };
}
