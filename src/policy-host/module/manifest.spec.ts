import { manifestOf } from '../../../test/support/wat.js';
import { parseManifest } from './manifest.js';

const parse = (members: object): unknown => parseManifest(JSON.stringify({ ...manifestOf(), ...members }));

describe('a manifest', () => {
  it('comes back as it stands', () => {
    const whole = manifestOf({
      capabilities: ['ip_in', 'raw-secrets'],
      defaults: { hosts: ['a.example'] },
      tests: [{ name: 'allows', hook: 'on_request', event: {} as never, config: {}, expect: { decision: 'allow' } }],
      source: { repo: 'https://example.com/r', commit: 'abc' },
      license: 'MIT',
    });
    expect(parse(whole)).toEqual(whole);
  });

  it('may leave out what is not about its hooks', () => {
    const short = { name: 'a', version: '1.0.0', abi: '1.0', hooks: ['on_admission'] };
    expect(parseManifest(JSON.stringify(short))).toEqual({
      ...short,
      capabilities: [],
      configSchema: {},
      defaults: {},
      fuelHint: 0,
      tests: [],
      source: null,
      license: null,
    });
  });

  it('may be of any minor of major 1', () => expect(parse({ abi: '1.7' })).toMatchObject({ abi: '1.7' }));

  it.each([
    ['another major', { abi: '2.0' }, 'the module is built for ABI 2.0; this host offers ABI 1.0'],
    ['an unknown hook', { hooks: ['on_delete'] }, 'has a wrong member hooks.0'],
    ['the same hook twice', { hooks: ['on_request', 'on_request'] }, 'names a hook twice'],
    ['no hook', { hooks: [] }, 'has a wrong member hooks'],
    ['a name with other letters', { name: 'Große Regel' }, 'name: is 1 to 63 of a-z, 0-9 and -'],
    ['a version that is none', { version: '1.0' }, 'version: is not a version such as 1.0.0'],
    ['a version that is written oddly', { version: 'v1.0.0' }, 'version: is not a version such as 1.0.0'],
    ['an unknown member', { grants: [] }, 'grants'],
    ['an unknown capability', { capabilities: ['network'] }, '"network"; offered are ip_in'],
    ['a negative hint', { fuelHint: -1 }, 'has a wrong member fuelHint'],
    ['a test of an unknown hook', { tests: [{ name: 'x', hook: 'x', event: {}, expect: {} }] }, 'tests.0.hook'],
    ['a list for a schema', { configSchema: [] }, 'has a wrong member configSchema'],
  ])('is refused for %s (OC-POLICY-4002)', (_what, members, message) => {
    expect(() => parse(members)).toThrow(
      expect.objectContaining({ code: 'POLICY_ABI', message: expect.stringContaining(message) }),
    );
  });

  it.each([
    ['no JSON', '{', 'is not JSON'],
    ['no object', '[]', 'is refused'],
    ['null', 'null', 'is refused'],
    [
      'nested deeper than anybody could walk',
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      'is nested deeper than 64 levels',
    ],
    ['a prototype', '{"defaults":{"__proto__":{"admin":true}}}', 'has a member named __proto__'],
  ])('is refused when it is %s', (_what, text, message) => {
    expect(() => parseManifest(text)).toThrow(
      expect.objectContaining({ code: 'POLICY_ABI', message: expect.stringContaining(message) }),
    );
  });
});
