import { findingsIn, prepareRules, pseudonymOf } from './findings.js';
import { HOST_FUNCTIONS } from './host-functions.js';
import { type CallContext } from './call-context.js';
import { glob, hostMatch, ipIn } from './matching.js';
import { urlParts } from './url-parts.js';

describe('ip_in', () => {
  it.each([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['::ffff:10.1.2.3', '10.0.0.0/8', true],
    ['2001:db8::1', '2001:db8::/32', true],
    ['2001:db9::1', '2001:db8::/32', false],
    ['10.1.2.3', '::/0', false],
    ['10.1.2.3', '0.0.0.0/0', true],
    ['0x0a.1', '10.0.0.0/8', false],
    ['10.1.2.3', '10.0.0.0/33', false],
    ['10.1.2.3', '10.0.0.0/8/8', false],
    ['host', '10.0.0.0/8', false],
    ['', '', false],
  ])('%s in %s is %s', (ip, range, expected) => {
    expect(ipIn(ip, range)).toBe(expected);
  });
});

describe('host_match', () => {
  it.each([
    ['api.example.com', 'api.example.com', true],
    ['API.example.com.', 'api.example.com', true],
    ['api.example.com', '*.example.com', true],
    ['a.b.example.com', '*.example.com', true],
    ['example.com', '*.example.com', false],
    ['evilexample.com', '*.example.com', false],
    ['127.0.0.1', '*.0.0.1', false],
    ['api.example.com', '*', false],
    ['api.example.com', 'api.*', false],
    ['xn--bcher-kva.example', 'bücher.example', true],
    ['::1', '[::1]', true],
    ['', '', false],
  ])('%s against %s is %s', (host, pattern, expected) => {
    expect(hostMatch(host, pattern)).toBe(expected);
  });
});

describe('glob', () => {
  it.each([
    ['/v1/users', '/v1/*', true],
    ['/v1/users/7', '/v1/*', false],
    ['/v1/users/7', '/v1/**', true],
    ['/v1/users/7', '/**/7', true],
    ['/v1/a', '/v1/?', true],
    ['/v1//', '/v1/?', false],
    ['/v1/', '/v1/*', true],
    ['/v1/x.json', '/v1/*.json', true],
    ['/v2', '/v1', false],
    ['', '', true],
    ['', '*', true],
    ['/a', '', false],
  ])('%s against %s is %s', (path, pattern, expected) => {
    expect(glob(path, pattern)).toBe(expected);
  });

  it('takes no longer for a pattern that is made to take long', () => {
    expect(glob('a'.repeat(2_000), `${'*a'.repeat(200)}b`)).toBe(false);
  });
});

describe('url_parse', () => {
  it('gives the parts that the host would call', () => {
    expect(urlParts('http://127.0.0.1\\@example.com/')).toMatchObject({ host: '127.0.0.1', path: '/@example.com/' });
    expect(urlParts('https://[::ffff:7f00:1]:8443/a?b=c&b=d#e')).toEqual({
      scheme: 'https',
      host: '::ffff:7f00:1',
      port: 8443,
      path: '/a',
      query: [
        ['b', 'c'],
        ['b', 'd'],
      ],
      ipLiteral: true,
      hadUserinfo: false,
    });
    expect(urlParts('no url')).toBeNull();
  });
});

describe('scan and pseudonym', () => {
  const rules = prepareRules({
    patterns: [
      { class: 'secret.aws_key', source: 'AKIA[0-9A-Z]{16}' },
      { class: 'email', source: '[\\w.]+@[\\w.]+' },
    ],
    key: new Uint8Array(32).fill(1),
  });
  const scan = (text: string, tenant = 'acme') => findingsIn(new TextEncoder().encode(text), rules, tenant);

  it('find texts in a JSON body by their pointers', () => {
    expect(scan('{"a/b":["x","ann@example.com"],"key":"AKIAIOSFODNN7EXAMPLE"}')).toEqual([
      { class: 'email', at: '/body/a~1b/1', hash: pseudonymOf(rules.key, 'acme', 'ann@example.com') },
      { class: 'secret.aws_key', at: '/body/key', hash: expect.stringMatching(/^[0-9a-f]{32}$/) },
    ]);
  });

  it('find texts anywhere in another body, and give tenants hashes of their own', () => {
    const [mine] = scan('mail ann@example.com');
    const [theirs] = scan('mail ann@example.com', 'other');
    expect(mine).toMatchObject({ class: 'email', at: '/body' });
    expect(theirs!.hash).not.toBe(mine!.hash);
  });

  it('stop at 256 findings, and are not led astray by nesting', () => {
    expect(scan('a@b '.repeat(1_000))).toHaveLength(256);
    expect(scan(`${'['.repeat(20_000)}"a@b"${']'.repeat(20_000)}`)).toHaveLength(1);
  });
});

describe('json_get, body_read and counter', () => {
  const context = {
    bodies: new Map([[1, new TextEncoder().encode('{"a":[{"b":null}],"n":0}')]]),
    counters: { calls: 3.7 },
  } as unknown as CallContext;
  const ask = (name: string, ...values: unknown[]) =>
    HOST_FUNCTIONS[name]!.answer(context, ...(values as never[])).value;

  it.each([
    [['json_get', 1, '/a/0'], '{"b":null}'],
    [['json_get', 1, '/a/0/b'], 'null'],
    [['json_get', 1, '/a/length'], null],
    [['json_get', 1, '/constructor'], null],
    [['json_get', 1, 'a'], null],
    [['json_get', 2, '/a'], null],
    [['body_read', 1, 2, 1], Buffer.from('a').toString('base64')],
    [['body_read', 1, 20, 100], Buffer.from('":0}').toString('base64')],
    [['body_read', 1, 99, 1], null],
    [['body_read', 1, -1, 1], null],
    [['counter', 'calls'], 3],
    [['counter', 'toString'], 0],
  ])('%j answers %j', ([name, ...values], expected) => {
    expect(ask(name as string, ...values)).toEqual(expected);
  });
});
