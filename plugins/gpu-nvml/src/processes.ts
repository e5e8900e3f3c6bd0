import { type GpuProcess } from '@llama-orch/plugin-sdk';
import { type Asking, type Handle } from './asking.js';
import { CODE, NvmlError } from './codes.js';
import { type FunctionName } from './signatures.js';

interface Version {
  readonly name: FunctionName;
  /** Bytes of one entry: process id, padding, bytes used, and in newer versions two ids of the slice. */
  readonly entryBytes: number;
}

const COMPUTE: readonly Version[] = [
  { name: 'nvmlDeviceGetComputeRunningProcesses_v3', entryBytes: 24 },
  { name: 'nvmlDeviceGetComputeRunningProcesses_v2', entryBytes: 24 },
  { name: 'nvmlDeviceGetComputeRunningProcesses', entryBytes: 16 },
];
const GRAPHICS: readonly Version[] = [
  { name: 'nvmlDeviceGetGraphicsRunningProcesses_v3', entryBytes: 24 },
  { name: 'nvmlDeviceGetGraphicsRunningProcesses_v2', entryBytes: 24 },
  { name: 'nvmlDeviceGetGraphicsRunningProcesses', entryBytes: 16 },
];
const USED_BYTES_AT = 8;
/** What the driver writes where it does not know. */
const NOT_AVAILABLE = 2n ** 64n - 1n;
const FIRST_ROOM = 64;
/** Processes come and go between two calls. */
const SPARE_ROOM = 32;
const ATTEMPTS = 3;

/** Processes that hold memory of the device: those that compute, and those that draw. @throws NvmlError */
export async function readProcesses(asking: Asking, handle: Handle): Promise<GpuProcess[]> {
  const byPid = new Map<number, number>();
  for (const versions of [COMPUTE, GRAPHICS]) {
    for (const { pid, vramUsedBytes } of await readList(asking, handle, versions)) {
      // One that computes and draws is in both lists with the same figure.
      byPid.set(pid, Math.max(vramUsedBytes, byPid.get(pid) ?? 0));
    }
  }
  return Array.from(byPid, ([pid, vramUsedBytes]) => ({ pid, vramUsedBytes }));
}

async function readList(asking: Asking, handle: Handle, versions: readonly Version[]): Promise<GpuProcess[]> {
  const newest = versions.find(({ name }) => asking.library.has(name)) ?? versions[0]!;
  const count = new Uint32Array([FIRST_ROOM]);
  for (let attempt = 1; ; attempt++) {
    const entries = new DataView(new ArrayBuffer((count[0] ?? 0) * newest.entryBytes));
    const code = await asking.library.ask(newest.name, [handle, count, entries], asking.signal);
    if (code === CODE.success) return parse(entries, count[0] ?? 0, newest.entryBytes);
    if (code !== CODE.insufficientSize || attempt === ATTEMPTS) throw new NvmlError(newest.name, code);
    count[0] = (count[0] ?? 0) + SPARE_ROOM;
  }
}

function parse(entries: DataView, count: number, entryBytes: number): GpuProcess[] {
  const processes: GpuProcess[] = [];
  const fitting = Math.min(count, entries.byteLength / entryBytes);
  for (let at = 0; at < fitting * entryBytes; at += entryBytes) {
    const used = entries.getBigUint64(at + USED_BYTES_AT, true);
    const pid = entries.getUint32(at, true);
    if (used !== NOT_AVAILABLE && pid > 0) processes.push({ pid, vramUsedBytes: Number(used) });
  }
  return processes;
}
