import { type LoadedPolicy } from './load-policy.js';
import { type PolicySource } from './policy-source.js';
import { Slot } from './slot.js';

const slot = () => new Slot({} as PolicySource, { digest: 'sha256:a' } as LoadedPolicy);

describe('Slot', () => {
  it('waits longer after each failure in a row, at most half a minute (ORCH-4702)', () => {
    const one = slot();
    const waits: number[] = [];
    for (let failure = 0; failure < 12; failure++) {
      one.failed('broken', 0);
      let wait = 0;
      while (!one.mayTry(wait)) wait += 100;
      waits.push(wait);
    }
    expect(waits.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(waits.at(-1)).toBe(30_000);
  });

  it('begins anew after a success (ORCH-4702)', () => {
    const one = slot();
    one.failed('broken', 0);
    one.took({ digest: 'sha256:b' } as LoadedPolicy);
    expect([one.mayTry(0), one.error]).toEqual([true, null]);
  });

  it('knows its module again, unless it is in quarantine (ORCH-4702)', () => {
    const one = slot();
    one.failed('broken', 0);
    expect([one.isInForce('sha256:b'), one.error]).toEqual([false, 'broken']);
    expect([one.isInForce('sha256:a'), one.error]).toEqual([true, null]);
    one.isQuarantined = true;
    expect(one.isInForce('sha256:a')).toBe(false);
  });
});
