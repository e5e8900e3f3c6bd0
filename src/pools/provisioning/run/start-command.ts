import { basename, dirname } from 'node:path';
import { EngineError, type EngineEndpoint } from '@llama-orch/plugin-sdk';
import { type Setup } from '../setup.js';
import { type ContainerRuntime, containerArgs } from './container-args.js';
import { engineEnvironment } from './environment.js';

/** One engine as it is started: an argument list, never a line for a shell. */
export interface StartCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Set when the process only stands for a container, which has to be removed by its name. */
  readonly container?: { readonly runtime: string; readonly name: string };
}

export interface StartOptions {
  /** A program, or a container runtime and an image. */
  readonly program: string | { readonly runtime: ContainerRuntime; readonly path: string; readonly image: string };
  readonly endpoint: EngineEndpoint;
  readonly port: number;
  /** A folder of its own; undefined: it has none. */
  readonly home: string | undefined;
  readonly mark: string;
  readonly daemon: Readonly<Record<string, string | undefined>>;
}

const HOST = '127.0.0.1';

/** @throws EngineError when the operator's flags or the endpoint do not go with the engine */
export function startCommand(setup: Setup, options: StartOptions): StartCommand {
  const { provisioning, pool } = setup;
  const { program, endpoint, home, mark, daemon } = options;
  refuseReserved(setup);
  const device = pool.device === 'cpu' ? 'cpu' : 'gpu';
  const { devices } = endpoint;
  const env = engineEnvironment(daemon, { home, device, devices, own: provisioning.env, mark });
  if (typeof program !== 'string') return inContainer(setup, options, { env, device, program });
  const args = setup.program.args(endpoint, { host: HOST, port: options.port, device });
  return { program, args: [...args, ...provisioning.flags], env };
}

/** First of the flags that the engine must not get from the operator; undefined when all are fine. */
export function reservedFlag({ program, provisioning }: Setup): string | undefined {
  return provisioning.flags.find((flag) => program.reserved.includes(flag.split('=', 1)[0]!));
}

function refuseReserved(setup: Setup): void {
  const flag = reservedFlag(setup);
  if (flag === undefined) return;
  const message = `provisioning.flags of pool ${setup.pool.id} holds ${flag}, which llama-orch sets; remove it`;
  throw new EngineError('invalid-input', message, { reason: 'not_supported' });
}

interface InContainer {
  readonly env: Readonly<Record<string, string>>;
  readonly device: 'cpu' | 'gpu';
  readonly program: Exclude<StartOptions['program'], string>;
}

/** Inside, the weights lie elsewhere and every address is the container's own; outside, only loopback leads there. */
function inContainer(
  setup: Setup,
  { endpoint, port, mark }: StartOptions,
  { env, device, program }: InContainer,
): StartCommand {
  const weights = endpoint.model.path;
  const inside =
    weights === undefined
      ? endpoint
      : { ...endpoint, model: { ...endpoint.model, path: `/models/${basename(weights)}` } };
  const name = `llama-orch-${endpoint.replicaId}-${mark.slice(0, 8)}`;
  const { provisioning } = setup;
  const engineArgs = [...setup.program.args(inside, { host: '0.0.0.0', port, device }), ...provisioning.flags];
  const mount = weights === undefined ? undefined : dirname(weights);
  const options = { name, port, mount, device, devices: endpoint.devices, env: provisioning.env, image: program.image };
  return {
    program: program.path,
    args: [...containerArgs(program.runtime, options), ...engineArgs],
    env,
    container: { runtime: program.path, name },
  };
}
