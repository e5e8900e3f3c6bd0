import { type GpuDevice } from '@llama-orch/plugin-sdk';
import { type Asking, type Handle } from './asking.js';
import { CODE, NvmlError } from './codes.js';

/** A device of the inventory and what NVML calls it until it is initialised anew. */
export interface Listed {
  readonly device: GpuDevice;
  /** Absent for a device that was listed before and cannot be reached now. */
  readonly handle?: Handle;
}

type Facts = Omit<GpuDevice, 'index'>;
interface Found {
  readonly facts: Facts;
  readonly handle?: Handle;
}

const MIG_ENABLED = 1;

/**
 * Whole GPUs in the driver's order, then their slices. A GPU that was known and fails now keeps its place, so that no
 * index comes to mean another card. @throws NvmlError when a GPU fails that was never seen
 */
export async function listDevices(asking: Asking, known: readonly GpuDevice[]): Promise<Listed[]> {
  const whole: Found[] = [];
  const count = await asking.uint('nvmlDeviceGetCount_v2');
  for (let place = 0; place < count; place++) {
    const found = await findGpu(asking, place, known[whole.length]);
    if (found) whole.push(found);
  }
  const slices: Found[] = [];
  for (const parent of whole) slices.push(...(await findSlices(asking, parent)));
  return [...whole.map((gpu) => withMemory(gpu, slices)), ...slices].map(({ facts, handle }, index) => ({
    device: { ...facts, index },
    ...(handle !== undefined && { handle }),
  }));
}

/** Undefined for a GPU that this user may not use: engines cannot use it either. */
async function findGpu(asking: Asking, place: number, known: GpuDevice | undefined): Promise<Found | undefined> {
  try {
    const handle = await asking.handle('nvmlDeviceGetHandleByIndex_v2', place);
    return { handle, facts: await factsOf(asking, handle) };
  } catch (error) {
    if (!(error instanceof NvmlError) || error.endsSession) throw error;
    if (error.code === CODE.noPermission) return undefined;
    if (known === undefined || known.parentId !== undefined) throw error;
    return { facts: known };
  }
}

async function factsOf(asking: Asking, handle: Handle): Promise<Facts> {
  const id = await asking.text('nvmlDeviceGetUUID', handle);
  const name = await asking.text('nvmlDeviceGetName', handle);
  return { id, name, vramTotalBytes: await totalBytes(asking, handle) };
}

/** 0 for a GPU in MIG mode whose whole memory only an administrator may ask for. */
async function totalBytes(asking: Asking, handle: Handle): Promise<number> {
  try {
    const [total = 0] = await asking.longs('nvmlDeviceGetMemoryInfo', 3, handle);
    return total;
  } catch (error) {
    if (error instanceof NvmlError && error.code === CODE.noPermission) return 0;
    throw error;
  }
}

function withMemory({ facts, handle }: Found, slices: readonly Found[]): Found {
  if (facts.vramTotalBytes > 0) return { facts, handle };
  const own = slices.filter((slice) => slice.facts.parentId === facts.id);
  const vramTotalBytes = own.reduce((sum, slice) => sum + slice.facts.vramTotalBytes, 0);
  if (vramTotalBytes === 0) throw new NvmlError('nvmlDeviceGetMemoryInfo', CODE.noPermission);
  return { facts: { ...facts, vramTotalBytes }, handle };
}

async function findSlices(asking: Asking, { facts, handle }: Found): Promise<Found[]> {
  if (handle === undefined || !(await isSliced(asking, handle))) return [];
  const slices: Found[] = [];
  const most = await asking.uint('nvmlDeviceGetMaxMigDeviceCount', handle);
  for (let place = 0; place < most; place++) {
    const slice = await findSlice(asking, handle, place);
    if (slice && slice.facts.vramTotalBytes > 0)
      slices.push({ ...slice, facts: { ...slice.facts, parentId: facts.id } });
  }
  return slices;
}

async function isSliced({ library, signal }: Asking, handle: Handle): Promise<boolean> {
  const current = new Uint32Array(1);
  const pending = new Uint32Array(1);
  const code = await library.ask('nvmlDeviceGetMigMode', [handle, current, pending], signal);
  if (new NvmlError('nvmlDeviceGetMigMode', code).endsSession) throw new NvmlError('nvmlDeviceGetMigMode', code);
  return code === CODE.success && current[0] === MIG_ENABLED;
}

/** Undefined for a place where no slice is. */
async function findSlice(asking: Asking, parent: Handle, place: number): Promise<Found | undefined> {
  try {
    const handle = await asking.handle('nvmlDeviceGetMigDeviceHandleByIndex', parent, place);
    return { handle, facts: await factsOf(asking, handle) };
  } catch (error) {
    if (error instanceof NvmlError && !error.endsSession) return undefined;
    throw error;
  }
}
