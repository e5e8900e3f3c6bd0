/** What an engine may know of the daemon's environment: where programs lie, and how people write. Nothing secret. */
const PASSED_ON = ['PATH', 'LANG', 'LC_ALL', 'TZ'] as const;

/** The variable by which the processes of an engine are known again, whatever they did to their groups. */
export const MARK = 'LLAMA_ORCH_ENGINE';

export interface EnvironmentOf {
  /** The folder that the engine may take for its home; undefined: it has none. */
  readonly home: string | undefined;
  readonly device: 'cpu' | 'gpu';
  /** GPUs that the engine may see; absent: all of them. */
  readonly devices: readonly string[] | undefined;
  /** `provisioning.env`. */
  readonly own: Readonly<Record<string, string>>;
  readonly mark: string;
}

/** The whole environment of an engine. */
export function engineEnvironment(
  daemon: Readonly<Record<string, string | undefined>>,
  { home, device, devices, own, mark }: EnvironmentOf,
): Readonly<Record<string, string>> {
  const passed = PASSED_ON.flatMap((name) => (daemon[name] === undefined ? [] : [[name, daemon[name]]]));
  return {
    ...(Object.fromEntries(passed) as Record<string, string>),
    ...(home === undefined ? {} : { HOME: home, TMPDIR: home }),
    ...own,
    ...visibleDevices(device, devices),
    [MARK]: mark,
  };
}

/** The order of NVML, so that a number means the same device here and there. */
function visibleDevices(device: 'cpu' | 'gpu', devices: readonly string[] | undefined): Record<string, string> {
  if (device === 'cpu') return { CUDA_VISIBLE_DEVICES: '' };
  if (devices === undefined) return {};
  return { CUDA_VISIBLE_DEVICES: devices.join(','), CUDA_DEVICE_ORDER: 'PCI_BUS_ID' };
}
