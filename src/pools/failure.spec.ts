import { EngineError } from '@llama-orch/plugin-sdk';
import { FAILURE_REASONS, asEngineError, isFatal, isPermanent, reasonOf } from './failure.js';

describe('the reason of a failure', () => {
  it.each([
    [new EngineError('out-of-memory', 'x', { memory: 'vram', reason: 'alloc' }), 'vram_exhausted'],
    [new EngineError('out-of-memory', 'x', { memory: 'host', reason: 'alloc' }), 'host_memory_exhausted'],
    [new EngineError('reset', 'x', { reason: 'driver_reset' }), 'driver_reset'],
    [new EngineError('reset', 'x', { reason: 'ecc_error' }), 'ecc_error'],
  ])('tells memory, driver and ECC apart: %s is %s (ORCH-3039, ORCH-3053)', (error, reason) => {
    expect(reasonOf(error)).toBe(reason);
  });

  it('tells an engine that ran out of memory from one that was not started for lack of it (ORCH-3039, ORCH-3003-v31)', () => {
    const refused = new EngineError('out-of-memory', 'x', { memory: 'vram', reason: 'no_vram' });
    expect(reasonOf(refused)).toBe('too_little_memory');
  });

  it('is the word of the adapter where it is known, else its code (OC-POOL-3030)', () => {
    expect(reasonOf(new EngineError('unavailable', 'x', { reason: 'refused' }))).toBe('refused');
    expect(reasonOf(new EngineError('unavailable', 'x', { reason: 'user input 17' }))).toBe('unavailable');
    expect(reasonOf(new EngineError('no-such-code' as 'internal', 'x'))).toBe('other');
  });

  it('has no more words than a label may have values (OC-METRICS-7102)', () => {
    expect(new Set(FAILURE_REASONS).size).toBe(FAILURE_REASONS.length);
    expect(FAILURE_REASONS.length).toBeLessThanOrEqual(32);
  });

  it('says which failures no retry can mend, and which end an engine at once (OC-POOL-3002, OC-POOL-3010)', () => {
    const of = (reason: string) => new EngineError('unavailable', 'x', { reason });
    const permanent = [
      ...['no_gpu', 'model_missing', 'model_malformed', 'model_unusable', 'model_faulty', 'digest_mismatch'],
      ...['not_installed', 'not_supported'],
    ];
    expect(FAILURE_REASONS.filter((reason) => isPermanent(of(reason)))).toEqual(permanent);
    expect(FAILURE_REASONS.filter((reason) => isFatal(of(reason)))).toEqual(['driver_reset', 'ecc_error']);
  });

  it('of anything else that an adapter throws is the adapter (OC-POOL-3002)', () => {
    for (const thrown of [new TypeError('x'), 'text', undefined, null])
      expect(reasonOf(asEngineError(thrown))).toBe('adapter_threw');
  });
});
