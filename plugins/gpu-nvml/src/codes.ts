/** What NVML functions return, as far as it matters here. */
export const CODE = {
  success: 0,
  uninitialized: 1,
  notSupported: 3,
  noPermission: 4,
  notFound: 6,
  insufficientSize: 7,
  driverNotLoaded: 9,
  timeout: 10,
  functionNotFound: 13,
  gpuIsLost: 15,
  resetRequired: 16,
  operatingSystem: 17,
  versionMismatch: 18,
  unknown: 999,
} as const;

/** Codes after which no call can succeed before NVML is initialised anew. */
const SESSION_ENDED: readonly number[] = [CODE.uninitialized, CODE.driverNotLoaded, CODE.versionMismatch];

/** Codes that say: this device does not offer that. */
const NOT_OFFERED: readonly number[] = [CODE.notSupported, CODE.functionNotFound];

const MEANINGS: Readonly<Record<number, string>> = {
  [CODE.uninitialized]: 'NVML is not initialised; the next call tries again',
  [CODE.noPermission]: 'this user may not use the GPU; check the permissions of the NVIDIA device files',
  [CODE.driverNotLoaded]: 'the NVIDIA driver is not loaded; install it, or load its kernel module',
  [CODE.functionNotFound]: 'this version of the library lacks the function; update the driver',
  [CODE.gpuIsLost]: 'the GPU fell off the bus; reset it or reboot',
  [CODE.resetRequired]: 'the GPU needs a reset; run nvidia-smi --gpu-reset or reboot',
  [CODE.operatingSystem]: 'the operating system blocks the GPU; in a container, give it the GPU again',
  [CODE.versionMismatch]: 'the driver and its library have different versions; reboot, or reload the kernel module',
  [CODE.unknown]: 'the driver does not say why; in a container, check that it still has its GPUs',
};

/** A call that the driver refused. */
export class NvmlError extends Error {
  override readonly name = 'NvmlError';

  constructor(
    readonly call: string,
    readonly code: number,
  ) {
    super(`${call} failed with code ${code}: ${MEANINGS[code] ?? 'see the return codes of NVML'}`);
  }

  /** Nothing works until NVML was initialised anew. */
  get endsSession(): boolean {
    return SESSION_ENDED.includes(this.code);
  }
}

export function isNotOffered(code: number): boolean {
  return NOT_OFFERED.includes(code);
}
