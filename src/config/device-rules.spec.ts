import { parseConfig } from './index.js';
import { ConfigError } from './problem.js';

const GPU_POOL = { id: 'p', engine: 'fake', model: 'm' };

function messages(pool: object, more: object = {}): string[] {
  try {
    parseConfig({ pools: [{ ...GPU_POOL, ...pool }], ...more });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ message }) => message);
  }
}

describe('What a configuration says of GPUs', () => {
  it.each<[string, object]>([
    ['nothing', {}],
    ['a mask', { devices: [0, 2] }],
    ['a mask of an engine elsewhere', { devices: [1], endpoint: 'http://127.0.0.1:1' }],
    ['a split that comes to 1, or nearly', { devices: [0, 1, 2], tensor_split: [0.333, 0.333, 0.333] }],
    ['a spread over equals', { homogeneous: true }],
    ['replicas per device', { replicas: 'per-device' }],
    ['a footprint on the CPU', { device: 'cpu', footprint_gib: 0.5 }],
  ])('is taken with %s (HME-011, ORCH-3052)', (_what, pool) => {
    expect(messages(pool)).toEqual([]);
  });

  it.each<[string, object, string]>([
    ['the same device twice', { devices: [0, 1, 0] }, 'pools[0].devices[2] 0 is already in the list'],
    [
      'a word for replicas',
      { replicas: 'per-gpu' },
      'pools[0].replicas must be a whole number of 1 to 256, or per-device',
    ],
    ['a share of nothing', { tensor_split: [1, 0] }, 'pools[0].tensor_split[1] is too small'],
    ['shares that do not come to 1', { tensor_split: [0.6, 0.3] }, 'pools[0].tensor_split comes to 0.9'],
    [
      'too few shares',
      { devices: [0, 1, 2], tensor_split: [0.5, 0.5] },
      'pools[0].tensor_split has 2 shares for 3 devices',
    ],
    [
      'two ways to split',
      { tensor_split: [0.5, 0.5], homogeneous: true },
      'pools[0].tensor_split and homogeneous are both set',
    ],
    [
      'a split per device',
      { replicas: 'per-device', homogeneous: true },
      'pools[0].replicas is per-device, but one replica is spread over all devices',
    ],
    [
      'devices on the CPU',
      { device: 'cpu', devices: [0] },
      'pools[0].devices speaks of GPUs, but the pool has device cpu',
    ],
    [
      'devices of an engine on the CPU',
      { engine: 'embedded', replicas: 'per-device' },
      'pools[0].replicas speaks of GPUs, but the pool has device cpu',
    ],
    [
      'a split elsewhere',
      { endpoint: 'http://127.0.0.1:1', tensor_split: [0.5, 0.5] },
      'pools[0].tensor_split is for engines that are started here, but the pool has an endpoint',
    ],
    [
      'a footprint elsewhere',
      { endpoint: 'http://127.0.0.1:1', footprint_gib: 4 },
      'pools[0].footprint_gib is for engines that are started here, but the pool has an endpoint',
    ],
  ])('is refused with %s (ORCH-3052, ORCH-3012-v31)', (_what, pool, message) => {
    // prettier-ignore
    expect(messages(pool)).toEqual([message]);
  });

  it('takes options only for the probe that they are for (ORCH-1101)', () => {
    const options = { devices: [] };
    expect(messages({}, { gpu: { options } })).toEqual(['gpu.options are options of one probe, but gpu.probe is auto']);
    expect(messages({}, { gpu: { probe: 'static', options } })).toEqual([]);
    expect(parseConfig({}).gpu).toEqual({ probe: 'auto', interval_ms: 1000, options: {} });
  });
});
