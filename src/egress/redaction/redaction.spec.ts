import fc from 'fast-check';
import { atOnce } from '../findings/work.js';
import { SecretRedactor } from '../../observability/redaction/secret-redactor.js';
import { CallSecrets } from './call-secrets.js';
import { redactedAnswer, RedactionFailed } from './redact-answer.js';
import { type HidingRule } from './redact-text.js';

const key = { key: new Uint8Array(32), tenant: 't' };
const JSON_TYPE = [['content-type', 'application/json']] as const;

function redact(
  text: string,
  rules: readonly HidingRule[],
  headers: readonly (readonly [string, string])[] = JSON_TYPE,
  truncated = false,
) {
  const answer = atOnce(redactedAnswer({ headers, body: Buffer.from(text), truncated }, rules, key));
  return { headers: answer.headers, text: Buffer.from(answer.body).toString() };
}

function secretsOf(...values: string[]): CallSecrets {
  const secrets = new CallSecrets(new SecretRedactor({ secrets: [], patterns: [], pii: false }));
  secrets.learn(values);
  return secrets;
}

describe('redaction', () => {
  it.each<[HidingRule, string]>([
    [{ pointer: '/user/card', how: 'mask' }, '{"user": {"card": "****1111", "id": 7}}'],
    [{ pointer: '/user/card', how: 'drop' }, '{"user": { "id": 7}}'],
    [{ pointer: '/user/id', how: 'drop' }, '{"user": {"card": "4111111111111111"}}'],
    [{ pointer: '/user', how: 'mask' }, '{"user": "[redacted]"}'],
    [{ pointer: '', how: 'drop' }, 'null'],
    [{ pointer: '/response/body/value/user/id', how: 'mask' }, '{"user": {"card": "4111111111111111", "id": "****"}}'],
    [{ pointer: '/body/user/id', how: 'mask' }, '{"user": {"card": "4111111111111111", "id": "****"}}'],
    [{ class: 'card', how: 'erase' }, '{"user": {"card": "[redacted]", "id": 7}}'],
    [{ pointer: '/nobody', how: 'mask' }, '{"user": {"card": "4111111111111111", "id": 7}}'],
  ])('%j (OC-POLICY-4031, OC-POLICY-SDK-4112)', (rule, expected) => {
    expect(redact('{"user": {"card": "4111111111111111", "id": 7}}', [rule]).text).toBe(expected);
  });

  it('hides every member of a name that is repeated, and keeps all other text (OC-POLICY-4031)', () => {
    expect(redact('{"a":"secret1","n":1.10,"a":"secret2"}', [{ pointer: '/a', how: 'erase' }]).text).toBe(
      '{"a":"[redacted]","n":1.10,"a":"[redacted]"}',
    );
  });

  it('leaves JSON behind, whichever members and items it drops (OC-POLICY-4031)', () => {
    const value = { a: 1, b: [1, 2, 3], c: { d: null } };
    const places = ['/a', '/b', '/b/0', '/b/1', '/b/2', '/c', '/c/d'];
    fc.assert(
      fc.property(fc.subarray(places), fc.constantFrom(undefined, 2), (dropped, indent) => {
        const rules = dropped.map((pointer) => ({ pointer, how: 'drop' as const }));
        const left = JSON.parse(redact(JSON.stringify(value, null, indent), rules).text) as Record<string, unknown>;
        expect(Object.keys(left)).toEqual(['a', 'b', 'c'].filter((name) => !dropped.includes(`/${name}`)));
      }),
    );
  });

  it('gives the same hash and token for the same text, and others to another tenant (OC-POLICY-4031)', () => {
    const rules: HidingRule[] = [{ class: 'email', how: 'tokenise' }];
    const text = '["a@b.example","a@b.example","c@b.example"]';
    const [first, second, third] = JSON.parse(redact(text, rules).text) as string[];
    expect(first).toMatch(/^tok_[0-9a-f]{16}$/);
    expect([second === first, third === first]).toEqual([true, false]);
    const answer = { headers: JSON_TYPE, body: Buffer.from(text), truncated: false };
    const other = atOnce(redactedAnswer(answer, rules, { ...key, tenant: 'u' }));
    expect(Buffer.from(other.body).toString()).not.toContain(first);
  });

  it('hides headers by name and by kind, and can drop them (OC-POLICY-4031)', () => {
    const headers = [
      ['x-user', 'a@b.example'],
      ['set-cookie', 'abcdefghijkl'],
    ] as const;
    const rules: HidingRule[] = [
      { class: 'email', how: 'erase' },
      { pointer: '/headers/set-cookie', how: 'drop' },
    ];
    expect(redact('', rules, headers).headers).toEqual([['x-user', '[redacted]']]);
  });

  it.each([
    ['cut off', '{"user":{"id":', 'application/json', true],
    ['called JSON and is none', 'user', 'application/json', false],
    ['of several documents', '{"user":1}\n{"user":2}', 'text/plain', false],
  ])(
    'withholds a body that is %s when a place in it has to be hidden (OC-POLICY-4031)',
    (_what, text, type, truncated) => {
      expect(() => redact(text, [{ pointer: '/user', how: 'mask' }], [['content-type', type]], truncated)).toThrow(
        RedactionFailed,
      );
    },
  );

  it('withholds text in an encoding that hides what it holds (OC-POLICY-4031)', () => {
    expect(() =>
      redact('x', [{ class: 'email', how: 'mask' }], [['content-type', 'text/plain; charset=utf-16']]),
    ).toThrow(RedactionFailed);
  });

  it('hides by kind in texts that are no JSON, and lets bytes pass (OC-POLICY-4031)', () => {
    const rules: HidingRule[] = [{ class: 'email', how: 'erase' }];
    expect(redact('mail a@b.example', rules, [['content-type', 'text/plain']]).text).toBe('mail [redacted]');
    expect(redact('\0 a@b.example', rules, []).text).toBe('\0 a@b.example');
  });
});

describe('a redaction of a long answer', () => {
  const LONG = 1024 * 1024;
  const items: readonly [string, (at: number) => string][] = [
    ['numbers', () => '1'],
    ['cards', (at) => String(4111111111110000 + at)],
    ['empty objects', () => '{}'],
    ['addresses', (at) => `"a${at}@mail.example"`],
  ];

  it.each(items)('is made in many short steps: %s (OC-POLICY-4031)', (_what, item) => {
    const parts: string[] = [];
    for (let bytes = 0; bytes < LONG; bytes += parts.at(-1)!.length + 1) parts.push(item(parts.length));
    const answer = { headers: JSON_TYPE, body: Buffer.from(`[${parts.join()}]`), truncated: false };
    const rules: HidingRule[] = [
      { class: 'email', how: 'erase' },
      { class: 'card', how: 'erase' },
      { pointer: '/0', how: 'erase' },
    ];
    const work = redactedAnswer(answer, rules, key);
    let steps = 1;
    let step = work.next();
    for (; step.done !== true; step = work.next()) steps += 1;
    expect(steps).toBeGreaterThan(parts.length / 10_000 + 10);
    const hidden = JSON.parse(Buffer.from(step.value.body).toString()) as unknown[];
    expect([hidden.length, hidden[0]]).toEqual([parts.length, '[redacted]']);
  });
});

describe('secrets that were sent', () => {
  it('never come back, however the answer is cut (OC-CTRL-2041)', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 40 }), (cuts) => {
        const erasing = secretsOf('Bearer s3cret/"value').stream(false);
        const text = Buffer.from(
          '{"a":"Bearer s3cret/\\"value","b":"s3cret/\\"value","c":"s3cret%2F%22value"} s3cret/"value',
        );
        const pieces: Uint8Array[] = [];
        for (let at = 0, cut = 0; at < text.length; at += cuts[cut++ % cuts.length]!)
          pieces.push(erasing.push(text.subarray(at, at + cuts[cut % cuts.length]!)));
        const out = Buffer.concat([...pieces, erasing.end()]).toString();
        expect(out).toBe('{"a":"[redacted]","b":"[redacted]","c":"[redacted]"} [redacted]');
      }),
    );
  });

  it('leave other bytes as they are (OC-CTRL-2041)', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
    for (const isFile of [true, false]) {
      const erasing = secretsOf('hgfedcba').stream(isFile);
      expect(Buffer.concat([erasing.push(bytes), erasing.end()]).equals(bytes)).toBe(true);
    }
  });

  it('count with what stands inside of them: schemes, passwords, cookies (OC-CTRL-2041)', () => {
    const basic = `Basic ${Buffer.from('ann:pass-word-1').toString('base64')}`;
    const secrets = secretsOf(basic, 'a=cookie-one; b=cookie-two', 'Bearer bearer-one');
    expect(secrets.erased('pass-word-1 cookie-one cookie-two bearer-one ann:pass-word-1 a= Bearer')).toBe(
      '[redacted] [redacted] [redacted] [redacted] [redacted] a= Bearer',
    );
  });

  it('are known in a number that a caller cannot raise', () => {
    const many = Array.from({ length: 5_000 }, (_, at) => `planted-${at}-value`);
    const secrets = secretsOf('the-first-secret', ...many);
    expect(secrets.erased('the-first-secret planted-4999-value')).toBe('[redacted] planted-4999-value');
  });
});
