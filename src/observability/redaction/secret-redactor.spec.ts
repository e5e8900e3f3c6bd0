import { REDACTED } from '../redactor.js';
import { type RedactionSettings, SecretRedactor } from './secret-redactor.js';

const SECRET = 'correct-horse-battery';

function redactor(settings: Partial<RedactionSettings> = {}): SecretRedactor {
  return new SecretRedactor({ secrets: [SECRET], patterns: [], pii: false, ...settings });
}

/** What a body comes to when it is cut into pieces of so many bytes. */
function streamed(body: string | Uint8Array, bytesEach: number, by = redactor()): Buffer {
  const bytes = Buffer.from(body as string);
  const stream = by.stream();
  const pieces = [];
  for (let at = 0; at < bytes.length; at += bytesEach) pieces.push(stream.push(bytes.subarray(at, at + bytesEach)));
  return Buffer.concat([...pieces, stream.end()]);
}

describe('A redactor of texts', () => {
  it.each([
    ['a known value', `it is ${SECRET}!`, 'it is [redacted]!'],
    ['a key of ours', 'lorch_laptop_abcdefghijklmnop_qrstuv leaks', '[redacted] leaks'],
    ['the hash of a key', `hash hmac-sha256:${'0'.repeat(32)}:${'a'.repeat(64)}`, 'hash [redacted]'],
    ['credentials of a URL', 'GET https://me:pass@host.example/x', 'GET https://[redacted]@host.example/x'],
    ['a name alone before the host', 'see ftp://ghp_1234@host', 'see ftp://[redacted]@host'],
    ['a parameter', 'https://h/x?a=1&Access-Token=abc&b=2', 'https://h/x?a=1&Access-Token=[redacted]&b=2'],
    ['a parameter with an escaped name', 'https://h/?%74oken=abc', 'https://h/?%74oken=[redacted]'],
    ['a parameter of a fragment', 'https://h/#refresh_token=abc;x=1', 'https://h/#refresh_token=[redacted];x=1'],
    [
      'a member of JSON in a text',
      'sent {"user":"a","api_key": "a\\"b","n":1}',
      'sent {"user":"a","api_key": "[redacted]","n":1}',
    ],
    [
      'a header in a dump',
      'Accept: */*\r\nCookie: a=b; c=d\r\nHost: h',
      'Accept: */*\r\nCookie: [redacted]\r\nHost: h',
    ],
    ['a key that its form tells', `GET http://h/AKIA${'Q3EGRW7ZLTMVX2PN'}/x`, 'GET http://h/[redacted]/x'],
    ['a bearer token', 'used Bearer abcdefghijklmnop.qrs-tuv', 'used Bearer [redacted]'],
  ])('takes out %s (OC-CTRL-2041)', (_what, text, expected) => {
    expect(redactor().text(text)).toBe(expected);
  });

  it.each([
    'use Authorization: Bearer <key> or X-API-Key',
    'max_tokens=64&token_type=bearer',
    '{"tokens_out": 12, "secretary": "Ann"}',
    'a mail to me@example.com about 12:30',
    'https://example.com/a?page=2#top',
    'the password is wrong; the token has expired',
    '["authorization","<secret:bearer sha256:ab12cd34…>"]',
  ])('leaves alone what only looks like one: %s', (text) => {
    expect(redactor().text(text)).toBe(text);
  });

  it('finds a value as URLs and JSON write it (OC-CTRL-2041)', () => {
    const by = redactor({ secrets: ['pass "word" ä/é'] });
    const forms = ['pass "word" ä/é', 'pass%20%22word%22%20%C3%A4%2F%C3%A9', JSON.stringify({ a: 'pass "word" ä/é' })];
    expect(forms.map((text) => by.text(text))).toEqual([REDACTED, REDACTED, '{"a":"[redacted]"}']);
  });

  it('learns values, but none that is short or stands in its own replacement', () => {
    const by = redactor({ secrets: [] });
    for (const secret of ['seven77', 'redacted', '[redacted]', ' padded-value\n']) by.learn(secret);
    expect(by.text('seven77 redacted padded-value')).toBe('seven77 redacted [redacted]');
  });

  it('finds what the configuration describes, in long texts too', () => {
    const by = redactor({ patterns: ['ghp_[A-Za-z0-9]{36}', 'card-\\d+'] });
    const token = `ghp_${'a1'.repeat(18)}`;
    expect(by.text(`${token} and card-4711`)).toBe('[redacted] and [redacted]');
    for (const at of [4_090, 4_096, 2_047, 10_000]) {
      const long = `${'x'.repeat(at)} ${token} ${'y'.repeat(5_000)}`;
      expect(by.text(long)).toBe(`${'x'.repeat(at)} [redacted] ${'y'.repeat(5_000)}`);
    }
  });

  it.each(['\\w+', '.', '^a', 'b(?!b)', '(?<=a)b', '\\[|\\]', 'redacted', 'x*'])(
    'changes nothing when it runs again, with the expression %s',
    (pattern) => {
      const by = redactor({ patterns: [pattern] });
      for (const text of ['abbb [redacted] ab', `a${SECRET}b`, 'aaabbb', '[redacted]', '', 'xx[redacted']) {
        const once = by.text(text);
        expect(by.text(once)).toBe(once);
      }
    },
  );
});

describe('A redactor of headers and values', () => {
  it('takes the value of secret headers, whatever their case (OC-CTRL-2041)', () => {
    const by = redactor();
    const names = ['Authorization', 'x-api-key', 'COOKIE', 'Set-Cookie', 'Proxy-Authorization'];
    expect(names.map((name) => by.header(name, 'x'))).toEqual(names.map(() => REDACTED));
    expect(by.url('http:\\\\ann:pa@host/x')).toBe('http://[redacted]@host/x');
    expect(by.url('https:ann:pa@host/x?token=1')).toBe('https://[redacted]@host/x?token=[redacted]');
    expect(by.header('Accept', 'text/html')).toBe('text/html');
    expect(by.header('Referer', `https://a:b@h/?secret=${SECRET}`)).toBe('https://[redacted]@h/?secret=[redacted]');
  });

  it('takes members with secret names, and secrets in texts and names (OC-CTRL-2041, ORCH-3037)', () => {
    const value = {
      ...{ user: 'ann', Password: 'x', nested: [{ 'client-secret': { a: 1 } }, 'https://u:p@h/'], token: null },
      headers: [
        ['Authorization', 'Bearer x'],
        ['authorization', '<secret:bearer sha256:ab12…>'],
        ['accept', '*/*'],
      ],
      [`name ${SECRET}`]: 1,
    };
    expect(redactor().value(value)).toEqual({
      ...{
        user: 'ann',
        Password: REDACTED,
        nested: [{ 'client-secret': REDACTED }, 'https://[redacted]@h/'],
        token: null,
      },
      headers: [
        ['Authorization', REDACTED],
        ['authorization', '<secret:bearer sha256:ab12…>'],
        ['accept', '*/*'],
      ],
      'name [redacted]': 1,
    });
    expect(value.Password).toBe('x');
  });

  it('lives through cycles, throwing getters, depth and values that are no JSON (P-08)', () => {
    const cycle: Record<string, unknown> = {
      big: 10n,
      at: new Date(0),
      bytes: new Uint8Array(3),
      error: new Error(SECRET),
    };
    cycle['self'] = cycle;
    Object.defineProperty(cycle, 'trap', { enumerable: true, get: () => JSON.parse('{') as unknown });
    expect(redactor().value(cycle)).toEqual({
      ...{ big: 10n, at: '1970-01-01T00:00:00.000Z', bytes: '[3 bytes]', error: 'Error: [redacted]' },
      ...{ self: '[circular]', trap: REDACTED },
    });
    let deep: unknown = SECRET;
    for (let level = 0; level < 10_000; level++) deep = [deep];
    expect(JSON.stringify(redactor().value(deep))).not.toContain(SECRET);
  });
});

describe('A redactor of bodies', () => {
  it('finds a secret wherever the pieces are cut (OC-POLICY-4031)', () => {
    const body = `größe ${SECRET} und ${SECRET}${SECRET} Ende`;
    for (let bytesEach = 1; bytesEach < 60; bytesEach++) {
      expect(streamed(body, bytesEach).toString()).toBe('größe [redacted] und [redacted][redacted] Ende');
    }
  });

  it('finds configured expressions with what stands before them', () => {
    const by = redactor({ patterns: ['(?<=key: )\\w+', '\\bid-\\d+'] });
    const body = `${'a'.repeat(3_000)} key: abcdef ${'b'.repeat(3_000)} xid-1 id-22 `;
    for (const bytesEach of [1, 7, 500, 4_096]) {
      const expected = body.replace('abcdef', REDACTED).replace(' id-22', ` ${REDACTED}`);
      expect(streamed(body, bytesEach, by).toString()).toBe(expected);
    }
  });

  it('passes bytes on as they are when there is nothing to take out', () => {
    const bytes = Uint8Array.from({ length: 4_096 }, (_, index) => (index * 7) % 256);
    expect(streamed(bytes, 100).equals(bytes)).toBe(true);
    expect(streamed(bytes, 100, redactor({ secrets: [] })).equals(bytes)).toBe(true);
  });

  it('looks at neither names nor headers: a body is the answer itself', () => {
    const body = '{"token":"abc","x":"Bearer abcdefghijklmnopqrst"}';
    expect(streamed(body, 10).toString()).toBe(body);
  });

  it('holds back only what a secret may begin with', () => {
    const stream = redactor().stream();
    const pushed = (text: string) => Buffer.from(stream.push(Buffer.from(text))).toString();
    expect(pushed('x'.repeat(100))).toBe('x'.repeat(100));
    expect(pushed('so corre')).toBe('so ');
    expect(pushed('lated \\u00')).toBe('correlated ');
    expect(pushed('63orrect-horse')).toBe('');
    expect(pushed('-battery!')).toBe('[redacted]!');
    expect(stream.end()).toHaveLength(0);
  });

  it('finds in bytes that are no text what is known, and nothing else', () => {
    const by = redactor({ patterns: ['card-\\d+'], pii: true });
    const bytes = Buffer.concat([Buffer.of(0, 1, 2), Buffer.from(`${SECRET} card-1 ann@mail.example.com`)]);
    const stream = by.stream('bytes');
    const passed = Buffer.concat([stream.push(bytes), stream.end()]).toString('latin1');
    expect(passed).toBe('\0\x01\x02[redacted] card-1 ann@mail.example.com');
  });

  it('knows more for a while without telling the one that it comes from', () => {
    const by = redactor();
    const more = by.including(['for-this-call-alone']);
    by.learn('learned-later');
    const text = `${SECRET} for-this-call-alone learned-later`;
    expect(more.text(text)).toBe('[redacted] [redacted] [redacted]');
    expect(by.text(text)).toBe('[redacted] for-this-call-alone [redacted]');
    expect(by.including([])).toBe(by);
  });

  it('takes out mail addresses, phone and card numbers when it is told to', () => {
    const body =
      'ann@mail.example.com, +49 (30) 1234-5678, 030 1234 5678, 4111 1111 1111 1111, 1763660000000, 4111111111111112';
    const by = redactor({ pii: true });
    expect(streamed(body, 9, by).toString()).toBe(
      '[redacted], [redacted], [redacted], [redacted], 1763660000000, 4111111111111112',
    );
    expect(streamed(body, 9).toString()).toBe(body);
    expect(by.text(body)).toBe(body);
  });
});
