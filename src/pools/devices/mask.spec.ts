import { type GpuDevice } from '@llama-orch/plugin-sdk';
import { parseConfig } from '../../config/index.js';
import { GIB, type Weights } from './footprints.js';
import { cappedCache } from './kv-cap.js';
import { deviceProblem, maskOf, replicasOn, sharesOf } from './mask.js';

const config = (facts: object) => parseConfig({ pools: [{ id: 'p', engine: 'fake', model: 'm', ...facts }] }).pools[0]!;
const card = (index: number, more: Partial<GpuDevice> = {}): GpuDevice => ({
  ...{ id: `GPU-${index}`, index, name: 'RTX 3090', vramTotalBytes: 24 * GIB },
  ...more,
});
const CARDS = [card(0), card(1, { name: 'RTX 3060', vramTotalBytes: 12 * GIB })];
const SLICED = [...CARDS, card(2, { parentId: 'GPU-0' }), card(3, { parentId: 'GPU-0' })];
const indexes = (devices: readonly GpuDevice[]) => devices.map(({ index }) => index);

describe('The mask of a pool', () => {
  it('is all devices, or those that are named and no other (HME-011, ORCH-3011, OC-POOL-3020)', () => {
    expect(indexes(maskOf(config({}), CARDS))).toEqual([0, 1]);
    expect(indexes(maskOf(config({ devices: [1] }), CARDS))).toEqual([1]);
    expect(indexes(maskOf(config({ devices: [1, 0] }), CARDS))).toEqual([1, 0]);
    expect(indexes(maskOf(config({ devices: [5] }), CARDS))).toEqual([]);
  });

  it('has the slices of a GPU in its place', () => {
    expect(indexes(maskOf(config({}), SLICED))).toEqual([1, 2, 3]);
  });

  it.each<[string, object, number]>([
    ['one for each of several devices', {}, 2],
    ['one for a mask of one', { devices: [1] }, 1],
    ['one for a split', { tensor_split: [0.7, 0.3] }, 1],
    ['one for a spread over equals', { homogeneous: true }, 1],
    ['one on the CPU', { device: 'cpu' }, 1],
    ['one for an engine elsewhere', { endpoint: 'http://127.0.0.1:1' }, 1],
    ['as many as are asked for', { replicas: 3 }, 3],
    ['one per device where that is asked for', { replicas: 'per-device', devices: [0, 1] }, 2],
  ])('gives %s replica by replica (ORCH-4503)', (_what, facts, count) => {
    const pool = config(facts);
    expect(replicasOn(pool, maskOf(pool, CARDS))).toBe(count);
  });

  it('gives no replica to a device that could not carry it if it were empty (ORCH-4503, ORCH-3007)', () => {
    const pool = config({});
    expect(replicasOn(pool, maskOf(pool, CARDS), 18 * 1024 ** 3)).toBe(1);
    expect(replicasOn(pool, maskOf(pool, CARDS), 10 * 1024 ** 3)).toBe(2);
    expect(replicasOn(pool, maskOf(pool, CARDS), 100 * 1024 ** 3)).toBe(1);
  });

  it.each<[string, object, readonly GpuDevice[], RegExp | undefined]>([
    ['nothing', {}, CARDS, undefined],
    [
      'a device that is not there',
      { devices: [0, 4] },
      CARDS,
      /names GPU 4, but this machine has GPU 0 \(RTX 3090\), GPU 1/,
    ],
    ['a GPU that is cut into slices', { devices: [0] }, SLICED, /GPU 0, which is cut into slices/],
    ['a split of another number', { tensor_split: [0.5, 0.3, 0.2] }, CARDS, /3 shares, but its devices are GPU 0/],
    ['a spread over different cards', { homogeneous: true }, CARDS, /alike, but they are/],
    ['a spread over equals', { homogeneous: true }, [card(0), card(1)], undefined],
  ])('is found wrong for %s (ORCH-3052, OC-POOL-3021)', (_what, facts, devices, message) => {
    // prettier-ignore
    const problem = deviceProblem(config(facts), devices);
    if (message === undefined) expect(problem).toBeUndefined();
    else expect(problem).toMatch(message);
  });

  it('splits one model only where that is asked for (ORCH-3012-v31, ORCH-3052)', () => {
    expect(sharesOf(config({}), 2)).toBeUndefined();
    expect(sharesOf(config({ tensor_split: [0.6, 0.4] }), 2)).toEqual([0.6, 0.4]);
    expect(sharesOf(config({ homogeneous: true }), 2)).toEqual([0.5, 0.5]);
  });
});

describe('The cache of a split', () => {
  const weights = (gib: number): Weights & { readonly shape: NonNullable<Weights['shape']> } => ({
    bytes: gib * GIB,
    shape: { kvBytesPerToken: 131_072, contextTokens: 131_072 },
  });
  // 24 and 12 GiB by half: the smaller card carries 12 / 1.1 / 0.5 = 21.8 GiB in all; 8192 tokens take 1 GiB.
  const cap = (gib: number, slots: number, contextTokens?: number) =>
    cappedCache(weights(gib), { slots, contextTokens }, [0.5, 0.5], [24 * GIB, 12 * GIB]);

  it.each([
    ['stays where the smallest device carries it', 16, 4, 8192, { slots: 4, contextTokens: 8192 }],
    ['loses slots first', 16, 8, 8192, { slots: 5, contextTokens: 8192 }],
    ['keeps one slot with a shorter context', 21, 8, 8192, { slots: 1, contextTokens: 6656 }],
    ['is refused when not even 512 tokens fit', 21.79, 1, 8192, undefined],
    ['is refused beside weights that do not fit', 30, 1, 8192, undefined],
    ['is that of the model by default', 16, 4, undefined, { slots: 4, contextTokens: 8192 }],
  ])('%s (ORCH-3052-v31, OC-POOL-3021)', (_what, gib, slots, context, expected) => {
    expect(cap(gib, slots, context)).toEqual(expected);
  });
});
