import { type GpuDevice, type GpuSample } from '@llama-orch/plugin-sdk';

/** What is asked for, in this order. The name is last: it may hold commas, and the format has no quotes. */
export const FIELDS = [
  'index',
  'count',
  'uuid',
  'memory.total',
  'memory.free',
  'utilization.gpu',
  'temperature.gpu',
  'power.draw',
  'ecc.errors.uncorrected.volatile.total',
  'name',
] as const;

/** One GPU at one moment, as one line tells it. */
export interface SmiLine {
  readonly device: GpuDevice;
  readonly sample: GpuSample;
  /** GPUs that the driver counts; absent where it does not say. */
  readonly count?: number;
}

const MEBIBYTE = 2 ** 20;
const SEPARATOR = ', ';
const MOST_GPUS = 1_024;

/**
 * Undefined for a line that tells no GPU, such as a message of the driver, or too little of one: what has no index, id
 * or memory cannot be placed on.
 */
export function parseLine(line: string): SmiLine | undefined {
  const cells = line.trim().split(SEPARATOR);
  if (cells.length < FIELDS.length) return undefined;
  const [index, count, id = '', total, free, utilization, temperature, power, ecc] = cells;
  const device = deviceOf(wholeOf(index), id, wholeOf(total), cells.slice(FIELDS.length - 1).join(SEPARATOR));
  const freeMebibytes = wholeOf(free);
  if (device === undefined || freeMebibytes === undefined) return undefined;
  const sample: GpuSample = {
    id,
    // What is not free is used: newer versions leave the driver's own share out of memory.used.
    vramUsedBytes: Math.max(0, device.vramTotalBytes - freeMebibytes * MEBIBYTE),
    ...optional('utilizationPercent', inRange(numberOf(utilization), 0, 100)),
    ...optional('temperatureCelsius', numberOf(temperature)),
    ...optional('powerWatts', inRange(numberOf(power), 0, Infinity)),
    ...optional('eccErrors', wholeOf(ecc)),
  };
  return { device, sample, ...optional('count', inRange(wholeOf(count), 1, MOST_GPUS)) };
}

function deviceOf(
  index: number | undefined,
  id: string,
  totalMebibytes: number | undefined,
  name: string,
): GpuDevice | undefined {
  if (index === undefined || index >= MOST_GPUS || !id.startsWith('GPU-') || !totalMebibytes) return undefined;
  return { id, index, name: name.startsWith('[') ? `GPU ${index}` : name, vramTotalBytes: totalMebibytes * MEBIBYTE };
}

/** Undefined for `[N/A]`, `[Not Supported]`, `[Unknown Error]` and every other word. */
function numberOf(cell: string | undefined): number | undefined {
  return cell !== undefined && /^-?\d{1,15}(?:\.\d+)?$/.test(cell) ? Number(cell) : undefined;
}

function wholeOf(cell: string | undefined): number | undefined {
  return cell !== undefined && /^\d{1,9}$/.test(cell) ? Number(cell) : undefined;
}

function inRange(value: number | undefined, from: number, to: number): number | undefined {
  return value !== undefined && value >= from && value <= to ? value : undefined;
}

function optional<Name extends string>(name: Name, value: number | undefined): { [Key in Name]?: number } {
  return value === undefined ? {} : ({ [name]: value } as { [Key in Name]?: number });
}
