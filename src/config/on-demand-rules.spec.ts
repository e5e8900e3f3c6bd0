import { parseConfig } from './index.js';
import { onDemandFindings } from './on-demand-rules.js';

const POOL = { id: 'a', engine: 'embedded', model: 'haiku-nano' };

it('pools load at the start unless they say otherwise, and models that do not are unloaded after five minutes', () => {
  const { pools, on_demand } = parseConfig({ pools: [POOL, { ...POOL, id: 'b', preload: false, unload_after_ms: 0 }] });
  expect(pools.map(({ preload, unload_after_ms }) => [preload, unload_after_ms])).toEqual([
    [true, 300_000],
    [false, 0],
  ]);
  expect(pools[0]!.perf.load_mb_per_s).toBe(1_000);
  expect(on_demand).toEqual({ min_loaded_ms: 0, max_turn_ms: 120_000 });
});

it('an engine that runs elsewhere cannot be loaded on demand', () => {
  const facts = { ...POOL, preload: false, endpoint: 'http://127.0.0.1:8081' };
  expect(onDemandFindings(facts, ['pools', 0])).toEqual([
    expect.objectContaining({ path: ['pools', 0, 'preload'], message: expect.stringContaining('endpoint') }),
  ]);
  expect(onDemandFindings({ ...facts, preload: true }, [])).toEqual([]);
});

it.each([{ min_loaded_ms: -1 }, { max_turn_ms: 0 }, { max_turns_ms: 1 }])('%j is refused (OC-CONFIG-6002)', (rules) => {
  expect(() => parseConfig({ pools: [POOL], on_demand: rules })).toThrow();
});
