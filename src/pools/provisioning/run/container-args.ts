export type ContainerRuntime = 'podman' | 'docker';

export interface ContainerOptions {
  readonly name: string;
  readonly image: string;
  readonly port: number;
  /** Folder of the weights, seen as `/models`. */
  readonly mount: string | undefined;
  readonly device: 'cpu' | 'gpu';
  readonly devices: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Arguments that run an image in the foreground, up to and with its name. It is never pulled here, sees one folder and
 * cannot write to it, has no rights beyond those of its user, and is reached over loopback alone.
 */
export function containerArgs(runtime: ContainerRuntime, options: ContainerOptions): readonly string[] {
  const { name, image, port, mount, env } = options;
  return [
    ...['run', '--rm', '--name', name, '--pull=never'],
    ...['--publish', `127.0.0.1:${port}:${port}`],
    ...['--read-only', '--tmpfs', '/tmp', '--cap-drop=ALL', '--security-opt=no-new-privileges'],
    ...(mount === undefined ? [] : ['--volume', `${mount}:/models:ro`]),
    ...gpuArgs(runtime, options),
    ...Object.entries({ ...env, ...(options.device === 'cpu' ? { CUDA_VISIBLE_DEVICES: '' } : {}) }).flatMap(
      ([variable, value]) => ['--env', `${variable}=${value}`],
    ),
    image,
  ];
}

/** Inside, the devices that are lent are counted from 0, so nothing more has to hide the others. */
function gpuArgs(runtime: ContainerRuntime, { device, devices }: ContainerOptions): readonly string[] {
  if (device === 'cpu') return [];
  if (runtime === 'podman') return (devices ?? ['all']).flatMap((id) => ['--device', `nvidia.com/gpu=${id}`]);
  return ['--gpus', devices === undefined ? 'all' : `"device=${devices.join(',')}"`];
}
