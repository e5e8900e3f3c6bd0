import fc from 'fast-check';
import { SecretRedactor } from '../../observability/redaction/secret-redactor.js';
import { pointerOf, spansOf } from './json-spans.js';
import { Masks } from './masks.js';
import { hitsIn } from './scan.js';
import { textBodyOf, UNREADABLE } from './text-body.js';

const SECRETS: readonly (readonly [string, string])[] = [
  ['secret.aws_key', `AKIA${'Q3EGRW7ZLTMVX2PN'}`],
  ['secret.github', `ghp_${'a1B2'.repeat(9)}`],
  ['secret.slack', 'xoxb-123456789012-abcdefghij'],
  ['secret.openai', `sk-proj-${'aB3-_'.repeat(8)}`],
  ['secret.jwt', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl'],
  ['secret.bearer', 'Bearer 0123456789abcdef0123'],
  ['secret.basic', 'Basic dXNlcjpwYXNzd29yZA=='],
  ['secret.private_key', '-----BEGIN RSA PRIVATE KEY-----\nMIIEow==\n-----END RSA PRIVATE KEY-----'],
  ['email', 'jane.doe+x@mail.example.org'],
  ['card', '4111 1111 1111 1111'],
  ['phone', '+49 30 1234567'],
];

const BODY = { part: '/body' };
const redactor = new SecretRedactor({
  secrets: ['configured-secret-value'],
  patterns: ['internal-\\d{4}'],
  pii: false,
});

function masks(isRaw = false): Masks {
  return new Masks({ redactor, key: new Uint8Array(32), tenant: 't', isRaw });
}

describe('the scanner', () => {
  it.each(SECRETS)('finds %s wherever it stands (OC-POLICY-4031)', (name, text) => {
    expect(hitsIn(`see ${text}, please`)).toEqual([{ class: name, start: 4, end: 4 + text.length }]);
  });

  it.each([
    '4111 1111 1111 1112',
    '0000 0000 0000 0000',
    '2026-11-21T07:08:29',
    '1763660000000',
    'a@b',
    'sk-short',
    'basically',
  ])('finds nothing in %s (OC-POLICY-4031)', (text) => {
    expect(hitsIn(text)).toEqual([]);
  });

  it.each(['-----BEGIN PRIVATE KEY-----', 'a@', 'eyJ', '1 ', '://a:', 'Bearer ', 'aaaa.'])(
    'reads a quarter of a megabyte of %s in less than a second of the processor',
    (text) => {
      const before = process.cpuUsage();
      hitsIn(text.repeat(256 * 1024).slice(0, 256 * 1024));
      expect(process.cpuUsage(before).user / 1_000).toBeLessThan(1_000);
    },
  );
});

describe('masks', () => {
  it('keep texts comparable and come off again (OC-POLICY-4031)', () => {
    const one = masks();
    const masked = one.text(`a ${SECRETS[0]![1]} b ${SECRETS[0]![1]}`, BODY);
    const [, first, second] = /a (<secret:aws_key sha256:[0-9a-f]{16}>) b (.*)/.exec(masked)!;
    expect(first).toBe(second);
    expect(one.reveal(masked)).toBe(`a ${SECRETS[0]![1]} b ${SECRETS[0]![1]}`);
    expect(one.findings.map(({ class: name, at }) => [name, at])).toEqual([
      ['secret.aws_key', '/body'],
      ['secret.aws_key', '/body'],
    ]);
  });

  it('name the scheme of a credential, and hide headers of secret names whole (OC-POLICY-4031)', () => {
    expect(masks().header(['authorization', 'Bearer x'])[1]).toMatch(/^<secret:bearer sha256:/);
    expect(masks().header(['x-api-key', 'x'])[1]).toMatch(/^<secret:header sha256:/);
    expect(masks().header(['accept', 'text/html'])[1]).toBe('text/html');
    expect(masks().query(['Access-Token', 'x'])[1]).toMatch(/^<secret:query sha256:/);
  });

  it('hide what only the redactor knows (OC-POLICY-4031)', () => {
    expect(masks().text('say configured-secret-value now', BODY)).toMatch(/^say <secret:known sha256:\w+> now$/);
    expect(masks().text('internal-1234', BODY)).toMatch(/^<secret:known/);
  });

  it('leave secrets in clear for policies that may see them, and find them nevertheless (OC-POLICY-4031)', () => {
    const raw = masks(true);
    expect(raw.header(['authorization', 'Bearer x'])[1]).toBe('Bearer x');
    expect(raw.findings).toHaveLength(1);
  });

  it('find in JSON what escapes hide, and what only the redactor knows (OC-POLICY-4031)', () => {
    const one = masks();
    const escaped = SECRETS[0]![1].replace('A', '\\u0041');
    const masked = one.json(`["x","${escaped}",1,"say configured-secret-value now"]`, '/body')!;
    expect(masked).toMatch(/^\["x","<secret:aws_key sha256:\w+>",1,"say <secret:known sha256:\w+> now"\]$/);
    expect(one.findings.map(({ at }) => at)).toEqual(['/body/1', '/body/3']);
  });

  it('hide members of secret names in JSON, and nothing else of it changes (OC-POLICY-4031)', () => {
    const one = masks();
    const text = '{ "password" : "a\\"b", "n": 1e400, "list": [ {"client_secret": 17} ], "x": "y" }';
    const masked = one.json(text, '/body')!;
    expect(masked).toMatch(
      /^\{ "password" : "<secret:named sha256:\w+>", "n": 1e400, "list": \[ \{"client_secret": "<secret:scalar sha256:\w+>"\} \], "x": "y" \}$/,
    );
    expect(one.findings.map(({ at }) => at)).toEqual(['/body/password', '/body/list/0/client_secret']);
    expect(one.reveal(masked, true)).toBe(text);
  });
});

describe('the work of masking', () => {
  /** Calls of the functions that go through a whole text, and characters that the redactor looked at. */
  function workOf(text: string): { readonly passes: number; readonly looked: number } {
    let [passes, looked] = [0, 0];
    const names = ['replace', 'replaceAll'] as const;
    const plain = names.map(
      (name) => [name, Reflect.get(String.prototype, name) as (...args: unknown[]) => string] as const,
    );
    const counting = Object.assign(Object.create(redactor) as SecretRedactor, {
      text: (one: string) => {
        looked += one.length;
        return redactor.text(one);
      },
    });
    const one = new Masks({ redactor: counting, key: new Uint8Array(32), tenant: 't', isRaw: false });
    for (const [name, original] of plain)
      Reflect.set(String.prototype, name, function counted(this: string, ...args: unknown[]) {
        passes += 1;
        return Reflect.apply(original, this, args);
      });
    try {
      one.reveal(one.json(text, '/body') ?? one.text(text, { part: '/body' }), true);
    } finally {
      for (const [name, original] of plain) Reflect.set(String.prototype, name, original);
    }
    return { passes, looked };
  }

  it.each<[string, (at: number) => string]>([
    ['members of secret names', (at) => `{"token":"a${at}"}`],
    ['keys', (at) => `"AKIA${String(at).padStart(16, '0')}"`],
    ['what only the redactor knows', (at) => `"internal-${1_000 + at}"`],
    ['addresses', (at) => `"a${at}@mail.example"`],
    ['numbers of cards', (at) => String(4111111111110000 + at)],
  ])('grows with the text and not with its square: %s (OC-POLICY-4031)', (_what, item) => {
    const [small, large] = [90, 900].map((items) =>
      workOf(`[${Array.from({ length: items }, (_, at) => item(at)).join()}]`),
    );
    expect(large!.passes).toBeLessThanOrEqual(Math.max(20 * small!.passes, 100));
    expect(large!.looked).toBeLessThan(20 * small!.looked);
  });

  it('hides a text with more than a thousand secrets as a whole, and reveals it as a whole (OC-POLICY-4031)', () => {
    const text = `[${Array.from({ length: 1_001 }, (_, at) => `{"token":"a${at}"}`).join()}]`;
    const one = masks();
    const masked = one.json(text, '/body')!;
    expect(masked).toMatch(/^"<secret:many sha256:\w+>"$/);
    expect(JSON.parse(one.reveal(masked, true))).toBe(text);
    expect(one.findings.map(({ class: name, at }) => [name, at])).toEqual([['secret.many', '/body']]);
  });

  it('finds a few of each kind and part, whatever came before, and names no place at length (OC-POLICY-4031)', () => {
    const one = masks();
    one.text('a@mail.example '.repeat(1_000), { part: '/headers', name: 'x-a' });
    one.json(`{"${'n'.repeat(5_000)}":["${SECRETS[0]![1]}"],"b/~":"${SECRETS[0]![1]}"}`, '/body');
    one.query(['q'.repeat(5_000), SECRETS[0]![1]]);
    const counted = Map.groupBy(one.findings, ({ class: name, at }) => `${name} ${at}`);
    expect([...counted].map(([kind, all]) => [kind, all.length])).toEqual([
      ['email /headers/x-a', 256],
      ['secret.aws_key /body', 1],
      ['secret.aws_key /body/b~1~0', 1],
      ['secret.aws_key /url/query', 1],
    ]);
  });
});

describe('places in JSON', () => {
  it('are those that JSON.parse would give, in any text (OC-POLICY-4031)', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        for (const span of spansOf(text)!)
          expect(JSON.stringify(JSON.parse(text.slice(span.start, span.end)))).toBe(
            JSON.stringify(at(JSON.parse(text), pointerOf(span))),
          );
      }),
    );
  });

  it('are all places of a member that is repeated (OC-POLICY-4031)', () => {
    expect(spansOf('{"a":1,"a":2}')!.filter((span) => pointerOf(span) === '/a')).toHaveLength(2);
  });

  it('are not looked for in what is no JSON, or nested without end (OC-POLICY-4031)', () => {
    expect(spansOf('{"a":1')).toBeUndefined();
    expect(spansOf('['.repeat(10_000) + ']'.repeat(10_000))).toBeUndefined();
  });
});

describe('a body', () => {
  it.each([
    ['text', Buffer.from('grüße'), null, 'grüße'],
    ['latin1', Buffer.from('grüße', 'latin1'), 'text/plain', 'grüße'],
  ])('of %s is read and written as it came (OC-POLICY-4031)', (_name, bytes, type, text) => {
    const body = textBodyOf(bytes, type);
    if (typeof body !== 'object') throw new Error('no text');
    expect(body.text).toBe(text);
    expect(Buffer.from(body.encode(text)).equals(bytes)).toBe(true);
  });

  it('of bytes is none, and of UTF-16 is not read (OC-POLICY-4031)', () => {
    expect(textBodyOf(Buffer.of(1, 0, 2), null)).toBeUndefined();
    expect(textBodyOf(Buffer.from('x'), 'image/png')).toBeUndefined();
    expect(textBodyOf(Buffer.from('\ufeffx', 'utf16le'), 'text/plain')).toBe(UNREADABLE);
    expect(textBodyOf(Buffer.from('x'), 'text/plain; charset=utf-16')).toBe(UNREADABLE);
  });
});

function at(value: unknown, pointer: string): unknown {
  const steps = pointer.split('/').slice(1);
  return steps
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((inside, step) => (inside as Record<string, unknown>)[step], value);
}
