import { soundGauges } from './engine-gauges.js';

describe('Counts that an adapter brings', () => {
  it.each([
    ['nothing', undefined],
    ['a text', 'many'],
    ['numbers that are none', { running: Number.NaN, waiting: -1, kvShare: Infinity, promptTokens: '7' }],
  ])('are left out when they are %s (ORCH-4507)', (_what, told) => expect(soundGauges(told)).toEqual({}));

  it('are taken by their names alone (ORCH-4507)', () => {
    expect(soundGauges({ running: 2, kvShare: 0.5, other: 3 })).toEqual({ running: 2, kvShare: 0.5 });
  });
});
