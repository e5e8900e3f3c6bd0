import { engineFacts } from './engine-facts.js';
import { type Finding } from './issues.js';
import { isRecord, pathText, valueAt, type Path } from './path.js';

/** How far the shares of a split may be from 1 together. */
const SPLIT_TOLERANCE = 0.001;

/** What the members that speak of GPUs must hold true together. */
export function gpuFindings(data: unknown): Finding[] {
  const gpu = valueAt(data, ['gpu']);
  if (!isRecord(gpu) || !isRecord(gpu['options']) || Object.keys(gpu['options']).length === 0) return [];
  const { probe = 'auto' } = gpu;
  if (probe !== 'auto' && probe !== 'none') return [];
  const message = `gpu.options are options of one probe, but gpu.probe is ${String(probe)}`;
  return [{ path: ['gpu', 'options'], message, expected: 'gpu.probe: the probe that they are for' }];
}

export function deviceFindings(pool: Record<string, unknown>, path: Path): Finding[] {
  return [
    ...offTheGpu(pool, path),
    ...ofAnotherServer(pool, path),
    ...repeatedDevices(pool, path),
    ...split(pool, path),
  ];
}

function offTheGpu(pool: Record<string, unknown>, path: Path): Finding[] {
  const { engine } = pool;
  const device = pool['device'] ?? (typeof engine === 'string' ? engineFacts(engine).device : 'gpu');
  if (device !== 'cpu' && device !== 'remote') return [];
  return ['devices', ...SPREAD].flatMap((key) => {
    if (!isSet(pool, key)) return [];
    const message = `${pathText([...path, key])} speaks of GPUs, but the pool has device ${device}`;
    return [{ path: [...path, key], message, hint: 'say device: gpu, or leave it out' }];
  });
}

const SPREAD = ['tensor_split', 'homogeneous', 'replicas'] as const;

function isSet(pool: Record<string, unknown>, key: string): boolean {
  const value = pool[key];
  return key === 'replicas' ? value === 'per-device' : value !== undefined && value !== false;
}

/** How an engine that runs elsewhere uses its devices is not ours to say. */
function ofAnotherServer(pool: Record<string, unknown>, path: Path): Finding[] {
  if (pool['endpoint'] === undefined) return [];
  return [...SPREAD, 'footprint_gib'].flatMap((key) => {
    if (!isSet(pool, key)) return [];
    const message = `${pathText([...path, key])} is for engines that are started here, but the pool has an endpoint`;
    return [{ path: [...path, key], message, hint: 'tell the engine behind the endpoint instead' }];
  });
}

function repeatedDevices(pool: Record<string, unknown>, path: Path): Finding[] {
  const devices = pool['devices'];
  if (!Array.isArray(devices)) return [];
  return devices.flatMap((device: unknown, at) => {
    if (devices.indexOf(device) === at) return [];
    const where = [...path, 'devices', at];
    return [{ path: where, message: `${pathText(where)} ${String(device)} is already in the list`, expected: 'each device once' }]; // prettier-ignore
  });
}

function split(pool: Record<string, unknown>, path: Path): Finding[] {
  const { tensor_split: shares, devices, homogeneous, replicas } = pool;
  if (replicas === 'per-device' && (Array.isArray(shares) || homogeneous === true)) {
    const message = `${pathText([...path, 'replicas'])} is per-device, but one replica is spread over all devices`;
    return [{ path: [...path, 'replicas'], message, expected: 'a number, or no split' }];
  }
  if (!Array.isArray(shares) || !shares.every((share) => typeof share === 'number')) return [];
  const where = [...path, 'tensor_split'];
  const sum = shares.reduce((total, share) => total + share, 0);
  if (Math.abs(sum - 1) > SPLIT_TOLERANCE)
    return [{ path: where, message: `${pathText(where)} comes to ${rounded(sum)}`, expected: 'shares that come to 1' }];
  if (homogeneous === true)
    return [{ path: where, message: `${pathText(where)} and homogeneous are both set`, expected: 'one of them' }];
  if (!Array.isArray(devices) || devices.length === shares.length) return [];
  const message = `${pathText(where)} has ${shares.length} shares for ${devices.length} devices`;
  return [{ path: where, message, expected: 'one share for each device, in their order' }];
}

function rounded(sum: number): string {
  return String(Math.round(sum * 1e6) / 1e6);
}
