import fc from 'fast-check';
import { stricterOf, type StatedPolicy } from './trust-policy.js';

describe('the policy that counts', () => {
  it('requires nothing when nobody states anything (ORCH-3061)', () => {
    expect(stricterOf()).toEqual({
      mode: 'permissive',
      requireSignature: false,
      requireSbom: false,
      allowedRegistries: [],
    });
  });

  it('requires both when it is strict, unless the same policy says otherwise', () => {
    expect(stricterOf({ mode: 'strict' })).toMatchObject({ requireSignature: true, requireSbom: true });
    expect(stricterOf({ mode: 'strict', requireSbom: false })).toMatchObject({
      requireSignature: true,
      requireSbom: false,
    });
  });

  it('is strict when the header alone says so, whatever the others state', () => {
    const lax: StatedPolicy = { mode: 'permissive', requireSignature: false, requireSbom: false };
    expect(stricterOf(lax, undefined, { mode: 'strict' })).toMatchObject({
      mode: 'strict',
      requireSignature: true,
      requireSbom: true,
    });
  });

  it('is never loosened by another who states something', () => {
    const policy = fc.record(
      {
        mode: fc.constantFrom('strict' as const, 'permissive' as const),
        requireSignature: fc.boolean(),
        requireSbom: fc.boolean(),
        allowedRegistries: fc.array(fc.constantFrom('a.example', 'b.example')),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(policy, policy, (one, other) => {
        const alone = stricterOf(one);
        const both = stricterOf(one, other);
        if (alone.mode === 'strict') expect(both.mode).toBe('strict');
        expect(both.requireSignature).toBe(alone.requireSignature || stricterOf(other).requireSignature);
        expect(both.requireSbom).toBe(alone.requireSbom || stricterOf(other).requireSbom);
        expect(both.allowedRegistries).toEqual(expect.arrayContaining([...alone.allowedRegistries]));
      }),
      { seed: 7, numRuns: 200 },
    );
  });
});
