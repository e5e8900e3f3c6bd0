import fc from 'fast-check';
import { KnownValues } from '../known-values.js';
import { Spellings } from './spellings.js';

const VALUE = 's3cr3t/"Key"&<x>+ü~';

const each = (text: string, spelled: (character: string) => string) => [...text].map(spelled).join('');
const hexOf = (text: string) => Buffer.from(text).toString('hex');
const code = (character: string, digits = 2) => character.codePointAt(0)!.toString(16).padStart(digits, '0');
const units = (text: string) => each(text, (one) => `\\u${code(one, 4)}`);
const escapedUrl = (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`);
const base64 = (before: string, text: string, name: BufferEncoding = 'base64') =>
  Buffer.from(`${before}${text} and more`).toString(name);

/** How servers write what they were sent. */
const SPELLED: Readonly<Record<string, (value: string) => string>> = {
  'as it is': (value) => value,
  'a text of JSON': (value) => JSON.stringify(value),
  'JSON with escaped slashes, as PHP has it': (value) => JSON.stringify(value).replaceAll('/', '\\/'),
  '\\u of every character': units,
  '\\U in upper case': (value) => units(value).replaceAll(/[0-9a-f]{4}/g, (digits) => digits.toUpperCase()),
  '\\x and \\u{…}': (value) => each(value, (one) => (one < '\x7f' ? `\\x${code(one)}` : `\\u{${code(one)}}`)),
  'JSON in JSON': (value) => JSON.stringify(JSON.stringify(value)),
  'JSON in JSON in JSON': (value) => JSON.stringify(JSON.stringify(JSON.stringify(value))),
  'parts of a URL': encodeURIComponent,
  'parts of a URL in lower case': (value) =>
    encodeURIComponent(value).toLowerCase().replace('s3cr3t%2f%22key', 's3cr3t%2f%22Key'),
  'every byte of a URL': (value) => escapedUrl(value).join(''),
  'twice escaped for a URL': (value) => encodeURIComponent(encodeURIComponent(value)),
  'HTML with names': (value) =>
    value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
  'HTML with numbers': (value) => each(value, (one) => `&#${one.codePointAt(0)};`),
  'HTML with hexadecimal numbers': (value) => each(value, (one) => `&#X000${code(one).toUpperCase()};`),
  'HTML without semicolons': (value) => each(value, (one) => `&#${one.codePointAt(0)}`),
  'hexadecimal digits': hexOf,
  'hexadecimal digits in upper case': (value) => hexOf(value).toUpperCase(),
  'Base64 at its beginning': (value) => base64('', value),
  'Base64 one byte in': (value) => base64('x', value),
  'Base64 two bytes in': (value) => base64('xy', value),
  'Base64 of URLs': (value) => base64('x??>', value, 'base64url'),
  'Base64 in a URL': (value) => encodeURIComponent(base64('>>>???', value)),
  'Base64 in JSON of PHP': (value) => base64('???', value).replaceAll('/', '\\/'),
  'hexadecimal digits, each escaped': (value) => units(hexOf(value)),
};

const spelled = Object.entries(SPELLED);

/** What a text comes to in every way that leaves a redactor. */
function found(text: string, values: readonly string[] = [VALUE]): readonly string[] {
  const known = new KnownValues(values);
  return known.in(text).map(({ start, end }) => text.slice(start, end));
}

describe('Known values', () => {
  it.each(spelled)('are found as %s (OC-CTRL-2041)', (_name, spell) => {
    const text = spell(VALUE);
    const around = `before ${text} behind`;
    const [hit = ''] = found(around);
    expect(hit).not.toBe('');
    // Of Base64 what stands beside it stays.
    expect(text.length - hit.length).toBeLessThan(spell === SPELLED['as it is'] ? 1 : 40);
  });

  it('are found whatever of them is escaped, and how (OC-CTRL-2041)', () => {
    const ways = [
      (one: string) => one,
      (one: string) => `\\u${code(one, 4)}`,
      (one: string) => `%${code(one)}`,
      (one: string) => `&#x${code(one)};`,
      (one: string) => `%5Cu${code(one, 4)}`,
      (one: string) => `&amp;#${one.codePointAt(0)};`,
    ];
    const value = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_.~/+='), minLength: 8, maxLength: 40 });
    fc.assert(
      fc.property(value, fc.array(fc.nat(ways.length - 1), { minLength: 8 }), (secret, chosen) => {
        const text = [...secret].map((one, at) => ways[chosen[at % chosen.length]!]!(one)).join('');
        expect(found(`. ${text} .`, [secret]).join('')).toContain(text);
      }),
    );
  });

  it('are found in Base64 and hexadecimal digits wherever they stand (OC-CTRL-2041)', () => {
    const value = fc.string({ unit: 'binary-ascii', minLength: 8, maxLength: 60 }).filter((one) => one.trim() === one);
    fc.assert(
      fc.property(value, fc.uint8Array({ maxLength: 9 }), fc.uint8Array({ maxLength: 9 }), (secret, before, behind) => {
        const bytes = Buffer.concat([before, Buffer.from(secret), behind]);
        for (const name of ['base64', 'base64url', 'hex'] as const) {
          const text = bytes.toString(name);
          const left = new KnownValues([secret]).in(text).reduceRight((cut, span) => cut.slice(0, span.start), text);
          expect(left.length).toBeLessThan(text.length);
          expect(Buffer.from(left, name).toString('latin1')).not.toContain(secret);
        }
      }),
    );
  });

  it('are found in UTF-16 of either order (OC-CTRL-2041)', () => {
    const wide = Buffer.from(`say ${VALUE}!`, 'utf16le');
    for (const bytes of [wide, Buffer.from(wide).swap16()]) {
      expect(new Spellings([VALUE]).in(bytes)).toContainEqual({ start: 8, end: 8 + 2 * VALUE.length });
    }
  });

  it('that look escaped themselves are found as they are, and escaped', () => {
    const odd = 'pa%41ss\\u0042&amp;word\n+ \\ x';
    const missed: string[] = [];
    for (const [name, spell] of spelled.filter(([one]) => !/slashes|lower case|in JSON in/.test(one))) {
      const text = spell(odd);
      if (found(` ${text} `, [odd]).length === 0) missed.push(name);
    }
    expect(missed).toEqual([]);
  });

  it('stay apart from what only looks like them', () => {
    for (const text of [
      '',
      's3cr3t',
      '%',
      '\\u',
      '&#;',
      '&;',
      '\\u{110000000}',
      'S3CR3T/"KEY"&<X>+Ü~',
      '%zz&#xzz;\\xzz',
    ])
      expect(found(text)).toEqual([]);
  });

  it('are waited for in whatever they begin, and nothing else is', () => {
    const by = new Spellings(['abcdefghijkl']);
    const held = (text: string) => text.slice(by.cutIn(Buffer.from(text)));
    expect(['xyz', 'x ab', 'abcdefghijk', 'x %', 'x %6', 'x \\u00', 'x &#9', 'x &am'].map(held)).toEqual([
      ...['', 'ab', 'abcdefghijk', '%', '%6', '\\u00', '&#9', '&am'],
    ]);
    expect(held('x %61%62c\\u006')).toBe('%61%62c\\u006');
    expect(held('x %25')).toBe('%25');
    expect(held('x %2561b')).toBe('%2561b');
  });

  it('take a time that grows with the text alone, whoever wrote it', () => {
    const values = Array.from({ length: 64 }, (_, at) => `value-${at}-${'a'.repeat(4_000)}b`);
    const by = new Spellings([...values, 'a'.repeat(16_000)]);
    const hostile = [
      'a'.repeat(1 << 20),
      `${'a'.repeat(15_999)}c`.repeat(64),
      '%2525'.repeat(200_000),
      '&#x0000'.repeat(150_000),
      '\\u{0000'.repeat(150_000),
      `value-1-${'a'.repeat(4_000)}c`.repeat(250),
    ];
    const begun = process.cpuUsage().user;
    for (const text of hostile) by.in(Buffer.from(text));
    const seconds = (process.cpuUsage().user - begun) / 1e6;
    expect(seconds).toBeLessThan(5);
  });
});
