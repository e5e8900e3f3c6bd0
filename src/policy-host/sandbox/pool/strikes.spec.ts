import { FakeClock } from '../../../../test/support/fake-clock.js';
import { type InstalledPolicy } from '../policy-set.js';
import { Strikes, type Verdict, verdictOf } from './strikes.js';

const MINUTE_MS = 60_000;
const policy = { id: 'a' } as InstalledPolicy;

let clock: FakeClock;
let strikes: Strikes;
beforeEach(() => {
  clock = new FakeClock();
  strikes = new Strikes(clock);
});

/** One call, from its beginning to its end. */
function call(verdict: Verdict, of = policy): string {
  const standing = strikes.standingOf(of);
  strikes.settle(of, standing, verdict);
  return standing;
}

function overrun(times: number): void {
  for (let time = 0; time < times; time += 1) call('overran');
}

describe('Strikes', () => {
  it('quarantine at the third resource error within a minute, each load for itself (OC-POLICY-4011)', () => {
    overrun(1);
    clock.leap(30_000);
    overrun(1);
    expect(strikes.quarantineOf(policy)).toBeUndefined();
    clock.leap(29_999);
    overrun(1);
    expect(strikes.quarantineOf(policy)).toEqual({ times: 1, triedAt: clock.now() + MINUTE_MS });
    expect(call('kept')).toBe('left-out');
    expect(call('kept', { ...policy })).toBe('asked');
  });

  it('forget what is older than a minute', () => {
    for (let error = 0; error < 10; error += 1) {
      overrun(1);
      clock.leap(30_000);
    }
    expect(strikes.quarantineOf(policy)).toBeUndefined();
  });

  it('let one call at a time try a policy after a minute, and ask it again when that succeeds (OC-POLICY-4011)', () => {
    overrun(3);
    clock.leap(MINUTE_MS - 1);
    expect(strikes.standingOf(policy)).toBe('left-out');
    clock.leap(1);
    expect(strikes.standingOf(policy)).toBe('tried');
    expect(strikes.standingOf(policy)).toBe('left-out');
    strikes.settle(policy, 'tried', 'kept');
    expect([strikes.quarantineOf(policy), call('overran')]).toEqual([undefined, 'asked']);
    expect(strikes.quarantineOf(policy)).toBeUndefined();
  });

  it('wait twice as long after each try that fails, at most ten minutes (OC-POLICY-4011)', () => {
    overrun(3);
    const waits: number[] = [];
    for (let time = 1; time <= 6; time += 1) {
      const { triedAt, times } = strikes.quarantineOf(policy)!;
      expect(times).toBe(time);
      waits.push(triedAt - clock.now());
      clock.leap(triedAt - clock.now());
      expect(call('overran')).toBe('tried');
    }
    expect(waits).toEqual([1, 2, 4, 8, 10, 10].map((minutes) => minutes * MINUTE_MS));
  });

  it('leave the try to the next call when one shows nothing of the policy', () => {
    overrun(3);
    clock.leap(MINUTE_MS);
    expect([call('unknown'), call('unknown'), call('kept'), call('kept')]).toEqual([
      'tried',
      'tried',
      'tried',
      'asked',
    ]);
  });

  it('hear nothing more of calls that began before the quarantine', () => {
    const late = strikes.standingOf(policy);
    overrun(3);
    const quarantine = strikes.quarantineOf(policy);
    strikes.settle(policy, late, 'overran');
    strikes.settle(policy, late, 'kept');
    expect(strikes.quarantineOf(policy)).toEqual(quarantine);
  });

  it.each([
    [undefined, 'kept'],
    ['POLICY_TRAP', 'kept'],
    ['POLICY_BAD_OUTPUT', 'kept'],
    ['POLICY_NO_OUTPUT', 'kept'],
    ['POLICY_GUEST_ERROR', 'kept'],
    ['POLICY_UNAVAILABLE', 'unknown'],
    ['POLICY_FUEL', 'overran'],
    ['POLICY_MEMORY', 'overran'],
    ['POLICY_STACK', 'overran'],
    ['POLICY_DEADLINE', 'overran'],
  ] as const)('take %s for %s', (code, verdict) => {
    expect(verdictOf(code)).toBe(verdict);
    for (let time = 0; time < 10; time += 1) call(verdictOf(code));
    expect(strikes.quarantineOf(policy) !== undefined).toBe(verdict === 'overran');
  });
});
