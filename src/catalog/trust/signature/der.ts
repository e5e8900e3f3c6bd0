/** One element of DER: its tag, and where its content lies. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
}

export const TAG = { boolean: 0x01, integer: 0x02, bitString: 0x03, octetString: 0x04, oid: 0x06, sequence: 0x30 };
/** Of the extensions of a certificate. */
export const EXTENSIONS_TAG = 0xa3;

/** The bytes are no DER, or none that a certificate needs. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

/** The elements that lie one after the other in some bytes. @throws DerError */
export function elementsOf(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length;) {
    const { element, end } = elementAt(bytes, at);
    elements.push(element);
    at = end;
  }
  return elements;
}

/** The elements inside the first element, which has to have a tag. @throws DerError */
export function insideOf(bytes: Buffer, tag: number): DerElement[] {
  const { element } = elementAt(bytes, 0);
  if (element.tag !== tag) throw new DerError(`tag ${element.tag} in place of ${tag}`);
  return elementsOf(element.content);
}

/** Dotted text of an object identifier. */
export function oidText(content: Buffer): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...others] = arcs;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...others].join('.');
}

function elementAt(bytes: Buffer, at: number): { readonly element: DerElement; readonly end: number } {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new DerError('it ends early');
  const width = first < 0x80 ? 0 : first - 0x80;
  if (first === 0x80 || width > 4 || at + 2 + width > bytes.length) throw new DerError('a length is malformed');
  const start = at + 2 + width;
  const length = width === 0 ? first : bytes.readUIntBE(at + 2, width);
  if (start + length > bytes.length) throw new DerError('it ends early');
  return { element: { tag, content: bytes.subarray(start, start + length) }, end: start + length };
}
