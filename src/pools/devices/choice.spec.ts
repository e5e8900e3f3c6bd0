import { type Footprint, type GpuDevice, fitMostFree } from '@llama-orch/plugin-sdk';
import { type DeviceOffer, choose } from './choice.js';
import { GIB } from './footprints.js';

function offer(index: number, freeGib: number, more: Partial<DeviceOffer> = {}): DeviceOffer {
  const device: GpuDevice = { id: `GPU-${index}`, index, name: 'card', vramTotalBytes: 24 * GIB };
  return { device, freeBytes: freeGib * GIB, hopedBytes: freeGib * GIB, siblings: 0, ...more };
}

const model = (gib: number, tensorSplit?: readonly number[]): Footprint => ({
  ...{ weightsBytes: gib * GIB, kvBytes: 0 },
  ...(tensorSplit === undefined ? {} : { tensorSplit }),
});
const need = (footprint: Footprint | undefined, isPerDevice = false) => ({ footprint, isPerDevice });

/** What was chosen, in words: the devices and the GiB claimed of each. */
function told(verdict: ReturnType<typeof choose>): string {
  if (verdict.type !== 'take') return verdict.type;
  return verdict.devices.map(({ index, id }) => `${index}:${(verdict.bytes.get(id)! / GIB).toFixed(1)}`).join(' ');
}

describe('The devices of a start', () => {
  it.each<[string, Footprint | undefined, readonly DeviceOffer[], string]>([
    ['the one with the most room', model(8), [offer(0, 11), offer(1, 20)], '1:8.0'],
    ['the first of equals', model(8), [offer(0, 20), offer(1, 20)], '0:8.0'],
    ['none without a tenth to spare', model(10), [offer(0, 10.9)], 'refuse'],
    ['one with just that tenth', model(10), [offer(0, 11)], '0:10.0'],
    ['the one with the most room, when nobody knows the need', undefined, [offer(0, 0.5), offer(1, 1)], '1:0.0'],
    ['none, when there are none', model(1), [], 'refuse'],
    ['all of a split, each by its share', model(30, [0.75, 0.25]), [offer(0, 24.8), offer(1, 8.3)], '0:22.5 1:7.5'],
    ['none, when one of a split lacks room', model(30, [0.75, 0.25]), [offer(0, 24.8), offer(1, 8)], 'refuse'],
    ['one later, when memory is coming back', model(10), [offer(0, 2, { hopedBytes: 12 * GIB })], 'wait'],
    ['one now rather than a better one later', model(5), [offer(0, 6), offer(1, 2, { hopedBytes: 24 * GIB })], '0:5.0'],
  ])('are %s (ORCH-3011, ORCH-3003-v31)', (_what, footprint, offers, expected) => {
    expect(told(choose(need(footprint), offers, fitMostFree))).toBe(expected);
  });

  it('are shared with as few of its own pool as can be, where each has a device (ORCH-4503)', () => {
    const offers = [offer(0, 16, { siblings: 1 }), offer(1, 10)];
    expect(told(choose(need(model(8), true), offers, fitMostFree))).toBe('1:8.0');
    expect(told(choose(need(model(8), false), offers, fitMostFree))).toBe('0:8.0');
    // No room on the device of its own is no reason to crowd the other.
    expect(told(choose(need(model(12), true), offers, fitMostFree))).toBe('refuse');
  });

  it.each<[string, unknown]>([
    ['throws', new Error('boom')],
    ['names a device that was not offered', [7]],
    ['names two devices for one model', [0, 1]],
    ['names a device without room', [0]],
    ['names no list', 'gpu'],
    ['names nothing', []],
  ])('do not follow a strategy that %s (OC-CORE-1011)', (_what, answer) => {
    const fit = () => {
      if (answer instanceof Error) throw answer;
      return answer as readonly number[];
    };
    expect(told(choose(need(model(8)), [offer(0, 3), offer(1, 20)], fit))).toBe('1:8.0');
  });

  it('are none when the strategy says that none has room', () => {
    expect(told(choose(need(model(8)), [offer(0, 20)], () => undefined))).toBe('refuse');
  });
});
