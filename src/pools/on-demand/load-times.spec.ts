import { poolOf } from '../../../test/support/pools.js';
import { LoadTimes } from './load-times.js';

const GIGABYTES = 8_000_000_000;

it('assumes that a load reads the weights once, at the declared rate, and admits that it does not know', () => {
  const times = new LoadTimes(() => GIGABYTES);
  const pool = poolOf('p', { config: { model: 'file:/m/a.gguf', perf: { load_mb_per_s: 2_000 } } });
  expect(times.of(pool)).toEqual({ p50: 5_000, p90: 15_000 });
  const bundled = new LoadTimes(() => GIGABYTES).of(poolOf('q'));
  expect(bundled).toEqual({ p50: 1_000, p90: 3_000 });
});

it('believes the first load that was measured, and follows later ones', () => {
  const times = new LoadTimes(() => GIGABYTES);
  const pool = poolOf('p', { config: { model: 'file:/m/a.gguf' } });
  times.observe(pool, 2_000);
  expect(times.of(pool)).toEqual({ p50: 2_000, p90: 2_000 + 1.2816 * 200 });
  for (let load = 0; load < 20; load++) times.observe(pool, load % 2 === 0 ? 3_000 : 5_000);
  const { p50, p90 } = times.of(pool);
  expect(p50).toBeGreaterThan(3_500);
  expect(p50).toBeLessThan(4_500);
  expect(p90).toBeGreaterThan(5_000);
});

it('takes what it learned in another pool of the same model until it knows better, and no other model for it', () => {
  const times = new LoadTimes(() => undefined);
  times.observe(poolOf('p'), 9_000);
  expect(times.of(poolOf('q')).p50).toBe(9_000);
  expect(times.of(poolOf('q', { config: { model: 'other' } })).p50).toBe(1_000);
  times.observe(poolOf('q'), 2_000);
  expect([times.of(poolOf('p')).p50, times.of(poolOf('q')).p50]).toEqual([9_000, 2_000]);
});
