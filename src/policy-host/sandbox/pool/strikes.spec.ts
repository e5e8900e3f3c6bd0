import { FakeClock } from '../../../../test/support/fake-clock.js';
import { type InstalledPolicy } from '../policy-set.js';
import { Strikes } from './strikes.js';

const clock = new FakeClock();
const loaded = (): InstalledPolicy => ({ id: 'a' }) as InstalledPolicy;

describe('Strikes', () => {
  it('quarantine at the third resource error within a minute', () => {
    const strikes = new Strikes(clock);
    const policy = loaded();
    strikes.count(policy, 'POLICY_FUEL');
    clock.leap(30_000);
    strikes.count(policy, 'POLICY_MEMORY');
    expect(strikes.isQuarantined(policy)).toBe(false);
    clock.leap(29_999);
    strikes.count(policy, 'POLICY_STACK');
    expect(strikes.isQuarantined(policy)).toBe(true);
    clock.leap(600_000);
    expect(strikes.isQuarantined(policy)).toBe(true);
    expect(strikes.isQuarantined(loaded())).toBe(false);
  });

  it('forget what is older than a minute', () => {
    const strikes = new Strikes(clock);
    const policy = loaded();
    for (let error = 0; error < 10; error += 1) {
      strikes.count(policy, 'POLICY_DEADLINE');
      clock.leap(30_000);
    }
    expect(strikes.isQuarantined(policy)).toBe(false);
  });

  it.each([
    'POLICY_TRAP',
    'POLICY_BAD_OUTPUT',
    'POLICY_NO_OUTPUT',
    'POLICY_GUEST_ERROR',
    'POLICY_UNAVAILABLE',
  ] as const)('do not count %s', (code) => {
    const strikes = new Strikes(clock);
    const policy = loaded();
    for (let error = 0; error < 10; error += 1) strikes.count(policy, code);
    expect(strikes.isQuarantined(policy)).toBe(false);
  });
});
