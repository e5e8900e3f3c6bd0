import fc from 'fast-check';
import { type AppError } from '../kernel/errors.js';
import { parseWholeBody } from './whole-json.js';

const parse = (text: string) => parseWholeBody(Buffer.from(text), 64);

function pointerOf(text: string): string | undefined {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    return (error as AppError).members.errors?.[0]?.pointer;
  }
}

/** Numbers that a double holds however they are written. */
const plain = fc.jsonValue().filter((value) => !/\d{16}|e[+-]\d{3}/.test(JSON.stringify(value)));

describe('A body that is kept as it is', () => {
  it('is read as JSON reads it (ORCH-4601)', () => {
    fc.assert(
      fc.property(plain, (value) => expect(parse(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)))),
    );
  });

  it('has no name twice in one object, wherever it stands and however it is spelled (ORCH-4601, L-04a)', () => {
    fc.assert(
      fc.property(plain, fc.string(), fc.string(), (value, name, other) => {
        const [quoted, json] = [JSON.stringify(name), JSON.stringify(value)];
        expect(pointerOf(`{"x":[{${quoted}:${json},"":":\\\\\\"",${quoted}:1}]}`)).toBe('');
        const spelled = `"${[...name].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`;
        if (name.length > 0 && name.isWellFormed()) expect(pointerOf(`{${quoted}:1,${spelled}:2}`)).toBe('');
        if (name !== other)
          expect(pointerOf(`[{${quoted}:1},{${quoted}:1,${JSON.stringify(other)}:2}]`)).toBeUndefined();
      }),
    );
  });

  it.each([
    ['{"a":9007199254740992}', '/a'],
    ['{"a":-9007199254740992}', '/a'],
    ['{"a/b":[{"~":1e309}]}', '/a~1b/0/~0'],
    ['[0,-1e309]', '/1'],
    ['{"a":0.00e-400}', undefined],
    ['{"a":1e-999}', '/a'],
    ['{"a":9007199254740991}', undefined],
    ['{"a":"12345678901234567890"}', undefined],
    ['{"a":0.1234567890123456789}', undefined],
    ['{"a":1.7976931348623157e308}', undefined],
    ['{"__proto__":{"a":1},"constructor":1}', undefined],
  ])('has no number that would become another: %s (ORCH-4601, L-04a)', (text, pointer) => {
    expect(pointerOf(text)).toBe(pointer);
  });
});
