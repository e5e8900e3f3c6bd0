import { normalise } from './normalise.js';
import { Refusal, type RefusalCode } from './refusal.js';

function refusalOf(url: string): RefusalCode | undefined {
  try {
    normalise(url);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

describe('a URL', () => {
  it.each([
    ['http://EXAMPLE.com', 'http', 'example.com', 80, '/'],
    ['https://example.com./a?b=c#d', 'https', 'example.com', 443, '/a'],
    ['http://bücher.example:8080/x', 'http', 'xn--bcher-kva.example', 8080, '/x'],
    ['http://0x7f.1/', 'http', '127.0.0.1', 80, '/'],
    ['http://[0:0:0:0:0:FFFF:A9FE:A9FE]/', 'http', '::ffff:a9fe:a9fe', 80, '/'],
    ['http://evil。org\\@example.com/', 'http', 'evil.org', 80, '/@example.com/'],
    ['https://example.com:443/', 'https', 'example.com', 443, '/'],
  ])('%s is read once, into parts (ORCH-4703)', (url, scheme, host, port, path) => {
    const { parts, url: parsed } = normalise(url);
    expect(parts).toMatchObject({ scheme, host, port, path, hadUserinfo: false });
    expect([parsed.hash, parsed.username, parsed.hostname.endsWith('.')]).toEqual(['', '', false]);
  });

  it('keeps repeated and empty parameters in their order (ORCH-4703)', () => {
    expect(normalise('http://a.example/?b=2&a=&b=1').parts.query).toEqual([
      ['b', '2'],
      ['a', ''],
      ['b', '1'],
    ]);
  });

  it.each<[string, RefusalCode]>([
    ['', 'URL_INVALID'],
    ['example.com', 'URL_INVALID'],
    [' http://example.com/', 'URL_INVALID'],
    ['http://exa mple.com/', 'URL_INVALID'],
    ['http://example.com:99999/', 'URL_INVALID'],
    ['http://exa\tmple.com/', 'CONTROL_CHARACTER'],
    ['http://example.com/\u0085', 'CONTROL_CHARACTER'],
    ['http://user@example.com/', 'USERINFO'],
    ['http://:pw@example.com/', 'USERINFO'],
    ['ftp://example.com/', 'SCHEME'],
    ['ws://example.com/', 'SCHEME'],
    ['http://a..example/', 'HOST_INVALID'],
    ['http://example.com../', 'HOST_INVALID'],
    ['http://-a.example/', 'HOST_INVALID'],
    [`http://${'a'.repeat(64)}.example/`, 'HOST_INVALID'],
    [`http://a.example/${'x'.repeat(8_192)}`, 'URL_TOO_LONG'],
  ])('%j is refused as %s (ORCH-4703)', (url, code) => {
    expect(refusalOf(url)).toBe(code);
  });
});
