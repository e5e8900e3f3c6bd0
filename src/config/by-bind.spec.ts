import { allowsPrivate, askedPolicies, isUnguarded, parseConfig, policyProfile } from './index.js';

const config = (bind: string, more: object = {}) =>
  parseConfig({
    server: { bind },
    auth: { keys: [{ id: 'k', hash: `hmac-sha256:${'0'.repeat(32)}:${'0'.repeat(64)}` }] },
    ...more,
  });

describe('what the address decides', () => {
  it.each([
    ['127.0.0.1:8080', 'permissive', true],
    ['localhost:8080', 'permissive', true],
    ['[::1]:8080', 'permissive', true],
    ['0.0.0.0:8080', 'production', false],
    ['192.168.0.7:8080', 'production', false],
  ] as const)('on %s: %s, private addresses %p (ORCH-4702, ORCH-4703)', (bind, profile, isPrivate) => {
    expect([policyProfile(config(bind)), allowsPrivate(config(bind))]).toEqual([profile, isPrivate]);
  });

  it('gives way to what the operator says (ORCH-4702, ORCH-4703)', () => {
    const closed = config('127.0.0.1:8080', { policy: { profile: 'production' }, egress: { allow_private: false } });
    expect([policyProfile(closed), allowsPrivate(closed)]).toEqual(['production', false]);
    const open = config('0.0.0.0:8080', { policy: { profile: 'permissive' }, egress: { allow_private: true } });
    expect([policyProfile(open), allowsPrivate(open)]).toEqual(['permissive', true]);
  });

  it('asks allow-all about requests where no policy is configured, and nobody in production (ORCH-4702)', () => {
    const [alone, reachable] = [config('127.0.0.1:8080'), config('0.0.0.0:8080')];
    expect(askedPolicies(alone)).toMatchObject([{ builtin: 'allow-all', hooks: ['on_request'], mode: 'enforce' }]);
    expect([askedPolicies(reachable), isUnguarded(alone), isUnguarded(reachable)]).toEqual([[], true, false]);
    const own = config('127.0.0.1:8080', { policies: [{ builtin: 'method-guard' }] });
    expect([askedPolicies(own), isUnguarded(own)]).toEqual([own.policies, false]);
  });
});
