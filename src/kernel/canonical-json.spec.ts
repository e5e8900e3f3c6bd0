import { canonicalJson } from './canonical-json.js';

describe('canonical JSON', () => {
  it('writes the example of RFC 8785 (ORCH-4952)', () => {
    const value: unknown = JSON.parse(`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
      "literals": [null, true, false]
    }`);
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('orders names by UTF-16 code units, as RFC 8785 does (ORCH-4952)', () => {
    const value = {
      '€': 'Euro',
      '\r': 'Return',
      '\ufb33': 'Dalet',
      '1': 'One',
      '😀': 'Emoji',
      '\u0080': 'Control',
      ö: 'O',
    };
    expect(Object.values(JSON.parse(canonicalJson(value)) as object)).toEqual(
      // JSON.parse moves names that are numbers to the front; "1" stands behind "\r" in the text.
      ['One', 'Return', 'Control', 'O', 'Euro', 'Emoji', 'Dalet'],
    );
    expect(canonicalJson(value).startsWith('{"\\r":"Return","1":"One",')).toBe(true);
  });

  it.each([
    [0, '0'],
    [-0, '0'],
    [5e-324, '5e-324'],
    [-1.7976931348623157e308, '-1.7976931348623157e+308'],
    [9007199254740992, '9007199254740992'],
    [1e21, '1e+21'],
    [999999999999999900000, '999999999999999900000'],
    [1e-6, '0.000001'],
    [1e-7, '1e-7'],
  ])('writes the number %d as %s', (value, text) => expect(canonicalJson(value)).toBe(text));

  it('leaves out members without a value, and keeps the places of arrays', () => {
    expect(canonicalJson({ b: undefined, a: [undefined, 1] })).toBe('{"a":[null,1]}');
  });

  it('gives equal text for equal values and other text for others', () => {
    expect(canonicalJson({ a: 1, b: { d: [1, 2], c: null } })).toBe(canonicalJson({ b: { c: null, d: [1, 2] }, a: 1 }));
    expect(canonicalJson({ a: [1, 2] })).not.toBe(canonicalJson({ a: [2, 1] }));
    expect(canonicalJson(JSON.parse('{"__proto__":1}'))).toBe('{"__proto__":1}');
  });
});
