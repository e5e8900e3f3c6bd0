import { type LoadedPolicy } from './load-policy.js';
import { type PolicySource } from './policy-source.js';
import { Slot } from './slot.js';

const slot = () => new Slot({ isBuiltin: false } as PolicySource, LOADED);
const LOADED = { digest: 'sha256:a', installed: { id: 'a' }, manifest: { version: '1.0.0' } } as LoadedPolicy;

describe('Slot', () => {
  it('waits longer after each failure in a row, at most half a minute (ORCH-4702)', () => {
    const one = slot();
    const waits: number[] = [];
    for (let failure = 0; failure < 12; failure++) {
      one.failed('broken', 0, false);
      let wait = 0;
      while (!one.mayTry(wait)) wait += 100;
      waits.push(wait);
    }
    expect(waits.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(waits.at(-1)).toBe(30_000);
  });

  it('begins anew after a success (ORCH-4702)', () => {
    const one = slot();
    one.failed('broken', 0, true);
    one.took({ digest: 'sha256:b' } as LoadedPolicy);
    expect([one.mayTry(0), one.mayRetry(1_000_000), one.error]).toEqual([true, false, null]);
  });

  it('knows its module again, unless it is in quarantine (ORCH-4702)', () => {
    const one = slot();
    one.failed('broken', 0, false);
    expect([one.isInForce('sha256:b'), one.error]).toEqual([false, 'broken']);
    expect([one.isInForce('sha256:a'), one.error]).toEqual([true, null]);
    one.quarantine = { times: 1, triedAt: 60_000 };
    expect(one.isInForce('sha256:a')).toBe(false);
  });

  it('retries the same file only where the reason may pass, from a second to ten minutes later (ORCH-4702)', () => {
    const one = slot();
    one.failed('broken', 0, false);
    expect(one.mayRetry(1e9)).toBe(false);
    one.took(LOADED);
    for (const wait of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]) {
      one.failed('lost', 0, true);
      expect([one.mayRetry(wait * 1_000 - 1), one.mayRetry(wait * 1_000)]).toEqual([false, true]);
    }
  });

  it('says when a policy in quarantine is tried again (ORCH-4702)', () => {
    const one = slot();
    one.quarantine = { times: 1, triedAt: 60_000 };
    expect(one.status(17_500)).toMatchObject({
      state: 'quarantined',
      error: expect.stringContaining('again in 43 s, a mended'),
    });
    expect(one.status(60_000).error).toContain('at the next occasion');
    one.took(LOADED);
    expect(one.status(0)).toMatchObject({ state: 'active', error: null });
  });
});
