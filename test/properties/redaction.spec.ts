import fc from 'fast-check';
import { SecretRedactor } from '../../src/observability/redaction/secret-redactor.js';

const PATTERN = 'CANARY-[0-9a-f]{12}';
const redactor = new SecretRedactor({ secrets: [], patterns: [PATTERN], pii: true });

/** Secrets of every sort that a text can hold; the redactor has learned them. */
const known = fc.string({ unit: 'grapheme', minLength: 8, maxLength: 40 }).filter((text) => text.trim().length >= 8);
/** Told by a configured expression. */
const patterned = fc
  .array(fc.constantFrom(...'0123456789abcdef'), { minLength: 12, maxLength: 12 })
  .map((digits) => `CANARY-${digits.join('')}`);
/** Told by where they stand alone. */
const placed = fc
  .array(fc.constantFrom(...'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'), { minLength: 20, maxLength: 30 })
  .map((letters) => letters.join(''));

const SECRET_NAMES = [
  'token',
  'access_token',
  'Refresh-Token',
  'API_KEY',
  'secret',
  'clientSecret',
  'password',
  'private-key',
];
const SECRET_HEADERS = ['Authorization', 'X-API-Key', 'Cookie', 'set-cookie'];

const secretName = fc.constantFrom(...SECRET_NAMES);
const filler = fc.string({ unit: 'grapheme', maxLength: 60 });
const word = fc.stringMatching(/^[a-z]{1,12}$/);

/** A URL with a canary in it, in one of the places that count. */
const urlWith = (canary: fc.Arbitrary<string>) =>
  fc.oneof(
    fc.tuple(word, canary, word).map(([user, secret, host]) => `https://${user}:${secret}@${host}.example/x`),
    fc.tuple(word, secretName, canary).map(([host, name, secret]) => `http://${host}/y?a=1&${name}=${secret}&b=2`),
    fc.tuple(word, secretName, canary).map(([host, name, secret]) => `http://${host}/#${name}=${secret}`),
  );

/** Any JSON around a planted value. */
const jsonAround = (planted: fc.Arbitrary<unknown>) =>
  fc.tuple(planted, fc.jsonValue({ maxDepth: 2 }), fc.nat(3)).map(([value, other, shape]) => {
    if (shape === 0) return [other, { deep: [value] }];
    if (shape === 1) return { a: other, b: { c: value } };
    return shape === 2 ? [[value]] : { list: [other, value] };
  });

/** The redactor for one known secret: what is learned is never forgotten. */
const knowing = (secret: string) => new SecretRedactor({ secrets: [secret], patterns: [PATTERN], pii: true });

describe('No planted secret survives the redactor', () => {
  it('in any text, and a second run changes nothing (P-08, OC-CTRL-2041)', () => {
    fc.assert(
      fc.property(known, patterned, filler, filler, (secret, canary, before, after) => {
        const by = knowing(secret);
        const once = by.text(`${before}${secret}${after}${canary}${before}`);
        expect(once).not.toContain(secret.trim());
        expect(once).not.toContain(canary);
        expect(by.text(once)).toBe(once);
      }),
    );
  });

  it('in any URL (OC-CTRL-2041, ORCH-3037)', () => {
    fc.assert(
      fc.property(urlWith(placed), fc.constantFrom('', 'GET ', 'failed: '), (url, before) => {
        const canary = /[A-Z2-9]{20,30}/.exec(url)![0];
        const once = redactor.url(url);
        expect([once, redactor.text(before + url)].join(' ')).not.toContain(canary);
        expect(redactor.url(once)).toBe(once);
      }),
    );
  });

  it('in any header (OC-CTRL-2041)', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SECRET_HEADERS), placed, known, (name, canary, secret) => {
        expect(redactor.header(name, `x ${canary}`)).not.toContain(canary);
        expect(knowing(secret).header('accept', `a, ${secret}`)).not.toContain(secret.trim());
        expect(redactor.text(`${name}: x ${canary}\r\nHost: h`)).not.toContain(canary);
      }),
    );
  });

  it('in any JSON, wherever it lies (P-08, OC-CTRL-2041, ORCH-3037)', () => {
    const planted = fc.oneof(
      fc.tuple(secretName, placed).map(([name, canary]) => ({ [name]: canary })),
      fc.tuple(fc.constantFrom(...SECRET_HEADERS), placed).map(([name, canary]) => [name, canary]),
      urlWith(placed),
      fc.tuple(secretName, placed).map(([name, canary]) => ({ [name]: { inner: [canary] } })),
      fc.tuple(secretName, placed).map(([name, canary]) => JSON.stringify({ note: 'in a text', [name]: canary })),
    );
    fc.assert(
      fc.property(jsonAround(planted), (value) => {
        const once = redactor.value(value);
        expect(JSON.stringify(once)).not.toMatch(/[A-HJ-NP-Z2-9]{20}/);
        expect(redactor.value(once)).toEqual(once);
      }),
    );
  });

  it('in any body, however it is cut (OC-POLICY-4031, OC-CTRL-2041)', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(known, patterned, filler, filler, cuts, (secret, canary, before, after, sizes) => {
        const body = Buffer.from(`${before}${secret}${after}${canary}${before}`);
        const stream = knowing(secret).stream();
        const pieces: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < body.length; turn++) {
          const size = sizes[turn % sizes.length]!;
          pieces.push(stream.push(body.subarray(at, at + size)));
          at += size;
        }
        const passed = Buffer.concat([...pieces, stream.end()]).toString();
        expect(passed).not.toContain(secret.trim());
        expect(passed).not.toContain(canary);
      }),
    );
  });

  it('and nothing ever makes it throw (P-08)', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
        (value) => {
          expect(() => redactor.value(value)).not.toThrow();
        },
      ),
    );
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void redactor.url(redactor.text(text))));
  });
});
