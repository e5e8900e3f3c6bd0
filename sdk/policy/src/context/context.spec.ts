import { fillEvent } from '../events/fill-event.js';
import { type RequestEvent, type ResponseEvent } from '../abi.js';
import { RequestContext, ResponseContext } from './context.js';
import { HostName } from './host-name.js';
import { hostPatternProblem } from './host-patterns.js';
import { ipBytes, isInRange } from './ip.js';
import { valueAt } from './json-pointer.js';

const host = (text: string) => new HostName(text, { ipLiteral: /^[\d.]+$|:/.test(text) });
const asked = (request: object) =>
  new RequestContext(fillEvent('on_request', { request } as never).event as RequestEvent, {});

describe('hosts (OC-POLICY-4033)', () => {
  it.each([
    ['example.com', 'example.com', true],
    ['example.com.evil.org', 'example.com', false],
    ['evilexample.com', 'example.com', false],
    ['example.com', '*.example.com', false],
    ['a.example.com', '*.example.com', true],
    ['a.b.example.com', '*.example.com', true],
    ['evilexample.com', '*.example.com', false],
    ['xn--exmple-4nf.com', 'example.com', false],
    ['127.0.0.1', '*.0.0.1', false],
    ['127.0.0.1', '127.0.0.1', true],
    ['2001:db8::1', '2001:db8::1', true],
  ])('%s against the rule %s: %s', (name, pattern, expected) => {
    expect(host(name).is(pattern)).toBe(expected);
  });

  it.each([
    ['a*.example.com', 'wildcard at its start'],
    ['*.*.com', 'wildcard at its start'],
    ['https://example.com', 'without scheme'],
    ['example.com:8080', 'without port'],
    ['exаmple.com', 'punycode'],
    ['Example.com', 'lower case'],
    ['example.com.', 'no final dot'],
    ['', 'ASCII'],
    ['*.', 'not a host'],
  ])('refuses the pattern %j instead of matching nothing', (pattern, saying) => {
    expect(hostPatternProblem(pattern)).toContain(saying);
    expect(() => host('example.com').isOneOf(['other.com', pattern])).toThrow(saying);
  });

  it('knows the domain itself and what is below it', () => {
    expect(
      ['example.com', 'a.example.com', 'evilexample.com'].map((name) => host(name).endsWithDomain('example.com')),
    ).toEqual([true, true, false]);
    expect(host('10.1.2.3').endsWithDomain('2.3')).toBe(false);
  });

  it('is text where text is needed', () => {
    expect(`${host('example.com').toString()} ${JSON.stringify({ host: host('example.com') })}`).toBe(
      'example.com {"host":"example.com"}',
    );
  });
});

describe('addresses', () => {
  it.each([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['172.31.255.255', '172.16.0.0/12', true],
    ['172.32.0.0', '172.16.0.0/12', false],
    ['203.0.113.7', '203.0.113.7', true],
    ['::ffff:10.0.0.1', '10.0.0.0/8', true],
    ['2001:db8::1', '2001:db8::/32', true],
    ['2001:db9::1', '2001:db8::/32', false],
    ['10.0.0.1', '::/0', false],
    ['1.2.3.4', '0.0.0.0/0', true],
  ])('%s in %s: %s', (ip, range, expected) => {
    expect(isInRange(ip, range)).toBe(expected);
  });

  it.each(['127.1', '0177.0.0.1', '0x7f.0.0.1', '256.1.1.1', '1::2::3', ':::', '1:2:3:4:5:6:7', '::1%eth0', ''])(
    'takes %j for no address',
    (text) => {
      expect(ipBytes(text)).toBeUndefined();
    },
  );

  it.each(['10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', 'ten'])(
    'refuses the range %j instead of holding nothing',
    (range) => {
      expect(() => isInRange('10.0.0.1', range)).toThrow('is no range');
    },
  );

  it('says what the host calls them', () => {
    const [known] = asked({ addresses: [{ ip: '168.63.129.16', class: 'metadata' }] }).addresses;
    expect([known?.isPublic(), known?.class, known?.isIn('168.63.0.0/16')]).toEqual([false, 'metadata', true]);
  });
});

describe('a call', () => {
  it('has its parts at hand', () => {
    const c = asked({
      method: 'POST',
      url: 'https://api.example.com/v1/x?q=1&q=2',
      headers: { 'X-A': '1' },
      json: { a: { 'b/c': [7] } },
    });
    expect([c.method.isSafe, c.method.isOneOf(['post'])]).toEqual([false, true]);
    expect([c.url.path, c.url.port, c.url.query('q'), c.url.queryNames]).toEqual(['/v1/x', 443, '1', ['q']]);
    expect([c.url.isBelow('/v1'), c.url.isBelow('/v')]).toEqual([true, false]);
    expect([c.headers.get('x-a'), c.headers.has('X-A'), c.headers.get('x-b')]).toEqual(['1', true, undefined]);
    expect([c.body.get('/a/b~1c/0'), c.body.contentType, c.body.isPresent]).toEqual([7, 'application/json', true]);
  });

  it('finds findings by class and by family', () => {
    const { findings } = asked({ findings: ['secret.bearer', 'email'] });
    expect([
      findings.any('secret.*'),
      findings.any('secret.bearer'),
      findings.any('secret'),
      findings.any('card'),
      findings.of('*').length,
    ]).toEqual([true, true, false, false, 2]);
  });

  it('reaches no prototype by a pointer', () => {
    expect(['/__proto__', '/constructor/name', '/a/length', '/a/01'].map((at) => valueAt({ a: [1] }, at))).toEqual(
      Array<undefined>(4).fill(undefined),
    );
    expect(() => valueAt({}, 'a')).toThrow('begins with a slash');
  });

  it('has no body where there is none', () => {
    const c = new ResponseContext(fillEvent('on_response', {}).event as ResponseEvent, {});
    expect([c.body.isPresent, c.body.bytes, c.body.get('/a'), c.body.contentType, c.status]).toEqual([
      false,
      0,
      undefined,
      undefined,
      200,
    ]);
  });
});
