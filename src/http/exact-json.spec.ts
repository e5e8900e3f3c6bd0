import { AppError } from '../kernel/errors.js';
import { isUnsafeInteger, parseJsonBody, wasWrittenAsInteger } from './exact-json.js';

const read = (text: string, depth = 64) => parseJsonBody(Buffer.from(text), depth);

function refusal(body: Buffer | string | undefined, depth = 64): AppError {
  try {
    parseJsonBody(typeof body === 'string' ? Buffer.from(body) : body, depth);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('the body was accepted');
}

describe('a JSON body', () => {
  it('is what JSON.parse says of it', () => {
    const text = '{"a":[1,2.5,-3e2,"1234567890123456",true,null],"__proto__":{"b":0}}';
    expect(read(text)).toEqual(JSON.parse(text));
  });

  it.each([
    ['9007199254740991', false],
    ['-9007199254740991', false],
    ['9007199254740992', true],
    ['9007199254740993', true],
    ['9223372036854775807', true],
    ['-9223372036854775808', true],
    ['123456789012345', false],
  ])('marks the integer %s as unsafe: %s', (literal, unsafe) => {
    const { n } = read(`{"n":${literal}}`) as { n: unknown };
    expect(isUnsafeInteger(n)).toBe(unsafe);
    if (!unsafe) expect(n).toBe(Number(literal));
  });

  it.each([
    ['1', true],
    ['-0', true],
    ['1.0', false],
    ['1e3', false],
    ['1E3', false],
    ['10e-1', false],
  ])('knows whether %s was written as an integer: %s', (literal, integer) => {
    const body = read(`{"a":{"n":${literal}}}`) as { a: object };
    expect(wasWrittenAsInteger(body.a, 'n')).toBe(integer);
  });

  it('does not take digits inside strings for numbers', () => {
    const body = read('{"s":"9007199254740993 and 1.0","n":1}') as { s: string };
    expect([body.s, wasWrittenAsInteger(body, 's'), wasWrittenAsInteger(body, 'n')]).toEqual([
      '9007199254740993 and 1.0',
      true,
      true,
    ]);
  });

  it.each([
    [undefined, 'empty'],
    ['', 'empty'],
    [Buffer.from([0x22, 0xff, 0x22]), 'UTF-8'],
    [Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'UTF-8'],
    [Buffer.from([0x22, 0xc0, 0x80, 0x22]), 'UTF-8'],
    ['\ufeff{}', 'not JSON'],
    ['{"a":1,}', 'line 1, column 8'],
    ['{\n "a": 1\n "b": 2}', 'line 3, column 2'],
    ['{"a":1', 'ends too early'],
    ['{"a":"x', 'ends too early'],
    ['', 'empty'],
    ['{"a":}', 'unexpected character'],
    ['{"a":tru}', 'unexpected character'],
    ['nope', 'unexpected character'],
    ['{} {}', 'line 1, column 4'],
    ['{"a":01}', 'unexpected character'],
    ["{'a':1}", 'unexpected character'],
    ['NaN', 'unexpected character'],
  ])('is refused when it is %j: %s', (body, words) => {
    const { code, status, members } = refusal(body);
    expect([code, status]).toEqual(['INVALID_PARAMS', 400]);
    expect(members.errors).toEqual([{ pointer: '', message: expect.stringContaining(words) }]);
  });

  it('never shows what the caller wrote in a refusal', () => {
    expect(refusal('{"prompt":"my secret" oops}').message).not.toMatch(/secret|oops/);
    expect(refusal('secret').message).not.toContain('secret');
  });

  it('may be nested as deep as allowed and no deeper, whatever brackets its strings hold', () => {
    expect(read('[[[]]]', 3)).toEqual([[[]]]);
    expect(refusal('[[[[]]]]', 3).message).toContain('at most 3 deep');
    expect(read('["[[[[{{{{","\\"[[[[","\\\\"]', 1)).toEqual(['[[[[{{{{', '"[[[[', '\\']);
    expect(refusal(`${'['.repeat(1_000_000)}`, 64).message).toContain('at most 64 deep');
    expect(read('[{"a":[]},{"b":{}}]', 3)).toBeDefined();
  });
});
