import { type GpuDevice, type GpuSample } from '../../contracts/gpu.js';
import { demand } from '../demand.js';
import { type Check } from '../kit.js';
import { type GpuBench } from './gpu-bench.js';

type Readings = Required<Omit<GpuSample, 'id' | 'vramUsedBytes' | 'processes'>>;

interface Range {
  readonly from: number;
  readonly to: number;
  readonly whole: boolean;
  readonly unit: string;
}

const COUNT: Range = { from: 0, to: Number.MAX_SAFE_INTEGER, whole: true, unit: 'a count' };
/** Wide enough for every card, narrow enough for a wrong unit to show. */
const RANGES: Readonly<Record<keyof Readings, Range>> = {
  utilizationPercent: { from: 0, to: 100, whole: false, unit: 'percent' },
  temperatureCelsius: { from: -55, to: 150, whole: false, unit: 'degrees Celsius' },
  powerWatts: { from: 0, to: 5_000, whole: false, unit: 'watts' },
  eccErrors: COUNT,
  resets: COUNT,
};

/** What one reading of the devices owes to placement and metrics. */
export const sampleChecks: readonly Check<GpuBench>[] = [
  eachSampling('GP-06 samples devices of the inventory, each at most once', (samples, devices) => {
    const known = new Set(devices.map(({ id }) => id));
    const ids = samples.map(({ id }) => id);
    const foreign = ids.filter((id) => !known.has(id));
    demand(foreign.length === 0, `A sample is of ${foreign.join(', ')}, which the inventory does not list.`);
    demand(new Set(ids).size === ids.length, `A device has two samples: ${ids.join(', ')}. Give one per device.`);
  }),
  eachSampling('GP-07 tells memory in use, within the memory that there is', (samples, devices) => {
    for (const { id, vramUsedBytes } of samples) {
      const total = devices.find((device) => device.id === id)?.vramTotalBytes ?? 0;
      demand(
        Number.isSafeInteger(vramUsedBytes) && vramUsedBytes >= 0 && vramUsedBytes <= total,
        `${id} uses ${vramUsedBytes} of ${total} bytes; tell whole bytes from 0 to the total.`,
      );
    }
  }),
  eachSampling('GP-08 tells optional readings in their unit, or not at all', (samples) => {
    for (const sample of samples) {
      for (const [name, range] of Object.entries(RANGES)) demandInRange(sample, name as keyof Readings, range);
    }
  }),
  eachSampling('GP-09 tells the memory of each process once', (samples) => {
    for (const { id, processes = [] } of samples) {
      const pids = processes.map(({ pid }) => pid);
      demand(
        pids.every((pid) => Number.isSafeInteger(pid) && pid > 0) && new Set(pids).size === pids.length,
        `The processes on ${id} are ${pids.join(', ')}; each needs a process id, and none comes twice.`,
      );
      demand(
        processes.every(({ vramUsedBytes }) => Number.isSafeInteger(vramUsedBytes) && vramUsedBytes >= 0),
        `A process on ${id} uses no whole number of bytes; leave out what the driver does not tell.`,
      );
    }
  }),
  {
    name: 'GP-10 never takes back a reset that it counted',
    async run(bench) {
      const [earlier, later] = [await bench.sample(), await bench.sample()];
      for (const { id, resets = 0 } of earlier) {
        const now = later.find((sample) => sample.id === id)?.resets ?? resets;
        demand(
          now >= resets,
          `The resets of ${id} fell from ${resets} to ${now}; count them since the probe was made.`,
        );
      }
    },
  },
];

function demandInRange(sample: GpuSample, name: keyof Readings, { from, to, whole, unit }: Range): void {
  const value = sample[name];
  if (value === undefined) return;
  const isRight = Number.isFinite(value) && value >= from && value <= to && (!whole || Number.isInteger(value));
  demand(isRight, `${name} of ${sample.id} is ${value}; tell ${unit} from ${from} to ${to}, or leave it out.`);
}

function eachSampling(
  name: string,
  examine: (samples: readonly GpuSample[], devices: readonly GpuDevice[]) => void,
): Check<GpuBench> {
  return {
    name,
    async run(bench) {
      const devices = await bench.inventory();
      examine(await bench.sample(), devices);
    },
  };
}
