import fc from 'fast-check';
import { artifactIdOf } from './artifact-id.js';
import { type JsonObject } from './artifact.js';
import { canonicalForm, contentIn } from './canonical-form.js';

const formOf = async (content: unknown) => (await canonicalForm('plan', content as JsonObject)).toString('utf8');
const plain = (json: string) => formOf(JSON.parse(json));
const object = fc.dictionary(fc.string(), fc.jsonValue());

/** The same value with its members in another order, all the way down. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, shuffled(member)]),
  );
}

describe('The canonical form', () => {
  it('is that of RFC 8785, down to its own examples (ORCH-4601)', async () => {
    const numbers = '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001,-0]}';
    expect(await plain(numbers)).toBe(
      '{"content":{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0]},"kind":"plan"}',
    );
    const text = String.raw`{"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/"}`;
    expect(await plain(text)).toBe(String.raw`{"content":{"string":"€$\u000f\nA'B\"\\\\\"/"},"kind":"plan"}`);
    const names = String.raw`{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}`;
    expect((await plain(names)).match(/:(\d)/g)?.join('')).toBe(':2:4:6:7:1:5:3');
  });

  it('is the same for equal content, whatever its order, and another for another (ORCH-4601, P-10)', async () => {
    await fc.assert(
      fc.asyncProperty(object, object, async (one, other) => {
        const [form, otherForm] = [await formOf(one), await formOf(other)];
        expect(await formOf(shuffled(one))).toBe(form);
        const isSame = (await artifactIdOf(Buffer.from(form))) === (await artifactIdOf(Buffer.from(otherForm)));
        expect(isSame).toBe(form === otherForm);
      }),
    );
  });

  it('gives the content back as it was (P-10)', async () => {
    await fc.assert(
      fc.asyncProperty(object, async (content) => {
        const form = await canonicalForm('trace', content as JsonObject);
        const read: unknown = JSON.parse(Buffer.from(contentIn(form, 'trace')).toString('utf8'));
        expect(read).toEqual(JSON.parse(JSON.stringify(content)));
        expect(form.toString('utf8')).toContain(`,"kind":"trace"}`);
      }),
    );
  });

  it('is that of short lists for long ones too (ORCH-4601)', async () => {
    const list = Array.from({ length: 3_456 }, (_, at) => ({ at, text: `line ${at}` }));
    expect(await formOf({ list, after: [] })).toBe(`{"content":${JSON.stringify({ after: [], list })},"kind":"plan"}`);
  });

  it('takes members with names of the language as any other (ORCH-4601)', async () => {
    expect(await plain('{"__proto__":1,"constructor":{"prototype":2}}')).toBe(
      '{"content":{"__proto__":1,"constructor":{"prototype":2}},"kind":"plan"}',
    );
  });

  it.each([
    [{ a: [0, Infinity] }, '/content/a/1'],
    [{ 'x/y': { 'm~n': NaN } }, '/content/x~1y/m~0n'],
    [{ a: '\ud800' }, '/content/a'],
    [{ a: { '\udfff': 1 } }, '/content/a'],
  ])('is refused to what has none, with its place (ORCH-4601)', async (content, pointer) => {
    const members = { errors: [expect.objectContaining({ pointer }) as object] };
    await expect(formOf(content)).rejects.toMatchObject({ code: 'INVALID_PARAMS', members });
  });
});
