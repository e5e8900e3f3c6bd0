import { type SeededRandom } from '../../../kernel/random.js';
import { type HostFunction } from '../engine/engine.js';

/** Modules of languages that need WASI import it from here. */
export const WASI_MODULE = 'wasi_snapshot_preview1';

const SUCCESS = 0;
const BAD_DESCRIPTOR = 8;
const NO_SUCH_CALL = 52;
const NANOSECONDS = 1_000_000n;
const VECTOR_BYTES = 8;
const DESCRIPTOR_BYTES = 24;
const CHARACTER_DEVICE = 2;

export interface WasiHost {
  /** Memory of the guest; undefined while it starts. */
  memory(): DataView | undefined;
  onLog(level: string, text: Uint8Array): void;
  now(): number;
  random(): SeededRandom;
  /** Charges fuel before the work is done. */
  spend(amount: number): void;
}

/** A random byte costs about as much as so many instructions; so does a vector that is looked at. */
const PER_BYTE = 8;
const PER_VECTOR = 16;

/** Inert functions of WASI preview 1: a log on descriptors 1 and 2, the event's clock, a seeded random source, else nothing. */
export function wasiFunctions(host: WasiHost, names: readonly string[]): Record<string, HostFunction> {
  const known: Readonly<Record<string, HostFunction>> = {
    args_sizes_get: (_, count, bytes) => write(host, (view) => zeroes(view, count, bytes)),
    args_get: () => SUCCESS,
    environ_sizes_get: (_, count, bytes) => write(host, (view) => zeroes(view, count, bytes)),
    environ_get: () => SUCCESS,
    clock_time_get: (_, _clock, _precision, at) => write(host, (view) => time(view, at, host.now())),
    clock_res_get: (_, _clock, at) => write(host, (view) => view.setBigUint64(address(at), NANOSECONDS, true)),
    random_get: (_, at, length) => write(host, (view) => fill(view, at, length, host)),
    sched_yield: () => SUCCESS,
    fd_write: (_, descriptor, vectors, count, written) =>
      descriptor === 1 || descriptor === 2
        ? write(host, (view) => print(view, host, descriptor, [vectors, count, written].map(address)))
        : BAD_DESCRIPTOR,
    fd_fdstat_get: (_, descriptor, at) =>
      Number(descriptor) <= 2 ? write(host, (view) => describe(view, at)) : BAD_DESCRIPTOR,
    fd_prestat_get: () => BAD_DESCRIPTOR,
    fd_close: () => BAD_DESCRIPTOR,
    fd_read: () => BAD_DESCRIPTOR,
    fd_seek: () => BAD_DESCRIPTOR,
    proc_exit: (_, code) => {
      throw new Error(`The module ended itself with code ${Number(code)}.`);
    },
  };
  return Object.fromEntries(
    names.map((name) => [name, Object.hasOwn(known, name) ? known[name]! : () => NO_SUCH_CALL]),
  );
}

function write(host: WasiHost, run: (view: DataView) => void): number {
  const view = host.memory();
  if (view === undefined) return NO_SUCH_CALL;
  run(view);
  return SUCCESS;
}

function zeroes(view: DataView, ...places: (number | bigint)[]): void {
  for (const place of places) view.setUint32(address(place), 0, true);
}

function time(view: DataView, at: number | bigint, nowMs: number): void {
  view.setBigUint64(address(at), BigInt(Math.trunc(nowMs)) * NANOSECONDS, true);
}

function fill(view: DataView, at: number | bigint, length: number | bigint, host: WasiHost): void {
  const target = new Uint8Array(view.buffer).subarray(address(at), address(at) + address(length));
  host.spend(PER_BYTE * target.length);
  const random = host.random();
  for (let index = 0; index < target.length; index += 1) target[index] = Math.floor(random.next() * 256);
}

/** A device that can only be written to. */
function describe(view: DataView, at: number | bigint): void {
  new Uint8Array(view.buffer, address(at), DESCRIPTOR_BYTES).fill(0);
  view.setUint8(address(at), CHARACTER_DEVICE);
}

function print(
  view: DataView,
  host: WasiHost,
  descriptor: number,
  [vectors = 0, count = 0, written = 0]: number[],
): void {
  host.spend(PER_VECTOR * count);
  let total = 0;
  for (let index = 0; index < count; index += 1) {
    const at = view.getUint32(vectors + index * VECTOR_BYTES, true);
    const length = view.getUint32(vectors + index * VECTOR_BYTES + 4, true);
    host.onLog(descriptor === 1 ? 'info' : 'error', new Uint8Array(view.buffer, at, length));
    total += length;
  }
  view.setUint32(written, total, true);
}

/** i32 comes signed. */
function address(value: number | bigint): number {
  return Number(value) >>> 0;
}
