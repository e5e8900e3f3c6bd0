import { isDeepStrictEqual } from 'node:util';
import { type GpuDevice } from '../../contracts/gpu.js';
import { demand } from '../demand.js';
import { type Check } from '../kit.js';
import { type GpuBench } from './gpu-bench.js';

/** What the list of devices owes to those who name devices by index or id. */
export const inventoryChecks: readonly Check<GpuBench>[] = [
  eachInventory('GP-01 lists devices by index, from 0 and without a gap', (devices) => {
    const indexes = devices.map(({ index }) => index);
    const expected = devices.map((_, place) => place);
    demand(
      isDeepStrictEqual(indexes, expected),
      'The indexes of the inventory are not 0, 1, 2, …; number the list in its order.',
      { actual: indexes, expected },
    );
  }),
  eachInventory('GP-02 gives each device an id of its own', (devices) => {
    const ids = devices.map(({ id }) => id);
    const areWords = ids.every((id) => typeof id === 'string' && id.trim() !== '');
    demand(areWords, 'A device has no id; use what the driver calls it, or a name made from its index.');
    demand(new Set(ids).size === ids.length, `Two devices share an id: ${ids.join(', ')}. Make ids unique.`);
  }),
  eachInventory('GP-03 tells name and memory of each device', (devices) => {
    for (const { id, name, vramTotalBytes } of devices) {
      demand(typeof name === 'string' && name.trim() !== '', `${id} has no name; tell what the driver calls it.`);
      demand(
        Number.isSafeInteger(vramTotalBytes) && vramTotalBytes > 0,
        `The memory of ${id} is ${vramTotalBytes}; tell whole bytes, or leave a device out that has none.`,
      );
    }
  }),
  eachInventory('GP-04 lists slices after whole GPUs and names the GPU of each', (devices) => {
    const whole = devices.filter(({ parentId }) => parentId === undefined);
    const slices = devices.slice(whole.length);
    demand(
      slices.every(({ parentId }) => parentId !== undefined),
      'A slice stands before a whole GPU; list whole GPUs first, so that their indexes do not move with slices.',
    );
    for (const slice of slices) demandParent(slice, whole);
  }),
  {
    name: 'GP-05 lists the same devices when it is asked again',
    async run(bench) {
      const expected = await bench.inventory();
      const actual = await bench.inventory();
      const sentence = 'Two inventories of an untouched machine differ; ids and order must stay.';
      demand(isDeepStrictEqual(actual, expected), sentence, { actual, expected });
    },
  },
];

function demandParent(slice: GpuDevice, whole: readonly GpuDevice[]): void {
  const parent = whole.find(({ id }) => id === slice.parentId);
  demand(parent !== undefined, `${slice.id} is a slice of ${slice.parentId}, which is not in the inventory.`);
  const fits = slice.vramTotalBytes <= parent.vramTotalBytes;
  demand(fits, `${slice.id} has more memory than ${parent.id}, whose slice it is; tell the slice's own memory.`);
}

function eachInventory(name: string, examine: (devices: readonly GpuDevice[]) => void): Check<GpuBench> {
  return {
    name,
    async run(bench) {
      examine(await bench.inventory());
    },
  };
}
