import fc from 'fast-check';
import { BodyPieces, bodyOf, type Piece } from './body-text.js';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('a body as JSON carries it (ORCH-4705)', () => {
  it.each([
    ['text/html; charset=utf-8', 'frög', { body: 'frög' }],
    ['application/problem+json', '{}', { body: '{}' }],
    ['text/plain; charset=us-ascii', 'frog', { body: 'frog' }],
    ['image/svg+xml', '<svg/>', { body: '<svg/>' }],
    ['text/html; charset=iso-8859-1', 'frog', { body_base64: 'ZnJvZw==' }],
    ['application/octet-stream', 'frog', { body_base64: 'ZnJvZw==' }],
    [undefined, 'frog', { body_base64: 'ZnJvZw==' }],
    [undefined, '', { body: '' }],
  ])('of type %s is %j → %j', (type, text, body) => expect(bodyOf(bytes(text), type, false)).toEqual(body));

  it('is Base64 when the bytes are no UTF-8, whatever the type says', () => {
    expect(bodyOf(new Uint8Array([0xff, 0x41]), 'text/plain', false)).toEqual({ body_base64: '/0E=' });
  });

  it('loses the half of a character that a cap cut off, and only when it was cut', () => {
    const half = bytes('frö').subarray(0, 3);
    expect(bodyOf(half, 'text/plain', true)).toEqual({ body: 'fr' });
    expect(bodyOf(half, 'text/plain', false)).toEqual({ body_base64: 'ZnLD' });
  });
});

describe('a body in pieces (ORCH-4705)', () => {
  const cut = (whole: Uint8Array, sizes: readonly number[]) => {
    const pieces: Uint8Array[] = [];
    for (let at = 0, turn = 0; at < whole.length; turn++) {
      const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
      pieces.push(whole.subarray(at, at + size));
      at += size;
    }
    return pieces;
  };
  const through = (pieces: readonly Uint8Array[], type: string) => {
    const body = new BodyPieces(type);
    return [...pieces.map((piece) => body.push(piece)), body.end()].filter((piece) => piece !== undefined);
  };
  const joined = (pieces: readonly Piece[]) =>
    Buffer.concat(
      pieces.map((piece) => ('text' in piece ? Buffer.from(piece.text) : Buffer.from(piece.base64, 'base64'))),
    );
  const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 });

  it('is the same text wherever it was cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), sizes, (text, at) => {
        const pieces = through(cut(bytes(text), at), 'text/plain');
        expect(pieces.every((piece) => 'text' in piece)).toBe(true);
        expect(joined(pieces).toString()).toBe(text);
      }),
    );
  });

  it('has every byte, also of what is no text', () => {
    fc.assert(
      fc.property(fc.uint8Array(), sizes, (whole, at) => {
        expect(joined(through(cut(whole, at), 'text/plain'))).toEqual(Buffer.from(whole));
        expect(joined(through(cut(whole, at), 'image/png'))).toEqual(Buffer.from(whole));
      }),
    );
  });
});
