import { basename, join } from 'node:path';
import { type EngineEndpoint, isEngineError } from '@llama-orch/plugin-sdk';
import { poolModel } from '../../model-ref.js';
import { startCommand } from '../run/start-command.js';
import { downloadFolder, programPlace, type Setup, weightsFile } from '../setup.js';
import { sourceSteps } from './source-steps.js';
import { type Plan, type Step, type Tool } from './step.js';

export interface PlanOptions {
  /** `egress.enabled`. */
  readonly mayDownload: boolean;
  /** Processes that a build may use at once. */
  readonly jobs: number;
}

const ARCHIVE = /\.(?:tar\.gz|tgz)$/;
const RUNTIMES = ['podman', 'docker'] as const;
/** No port can have this number, so it stands for one that is found at the start. */
const UNKNOWN_PORT = 99_999;
const UNKNOWN = /(?<=^|^127\.0\.0\.1:)99999(?::99999)?$/;
const NO_EGRESS = 'egress.enabled is false';

/** Everything from nothing to a running engine. The same configuration gives the same plan; nothing is looked at. */
export function planOf(setup: Setup, options: PlanOptions): Plan {
  const steps = [...gettingSteps(setup, options), ...weightsSteps(setup, options), ...runSteps(setup)];
  const tools = toolsOf(setup);
  if (tools.length === 0) return { pool_id: setup.pool.id, steps };
  const detail = `needs ${tools.map(({ name }) => name).join(', ')}`;
  const mayInstall = setup.provisioning.allow_package_installs && options.mayDownload;
  return { pool_id: setup.pool.id, steps: [{ kind: 'preflight-tools', detail, tools, mayInstall }, ...steps] };
}

function gettingSteps(setup: Setup, options: PlanOptions): readonly Step[] {
  const { mode, binary } = setup.provisioning;
  if (mode === 'source')
    return sourceSteps(setup, { ...options, refused: options.mayDownload ? undefined : NO_EGRESS });
  if (mode === 'container') return [imageStep(setup, options)];
  if (mode === 'package') return [packageStep(setup, options)];
  return binary?.url === undefined ? [] : [binaryStep(setup, options)];
}

function imageStep(setup: Setup, { mayDownload }: PlanOptions): Step {
  const { container, allow_binary_downloads } = setup.provisioning;
  const place = programPlace(setup);
  const image = place.type === 'container' ? place.image : '';
  const runtimes = container?.runtime === undefined ? RUNTIMES : [container.runtime];
  const detail = `pull ${image} with ${runtimes.join(', else ')}`;
  return { kind: 'image-pull', detail, image, runtimes, ...refusal(mayDownload, allow_binary_downloads) };
}

function binaryStep(setup: Setup, { mayDownload }: PlanOptions): Step {
  const { binary, allow_binary_downloads } = setup.provisioning;
  const { url = '', checksum = '' } = binary!;
  const folder = downloadFolder(setup);
  const isArchive = ARCHIVE.test(new URL(url).pathname);
  const program = join(folder, setup.program.name);
  const file = isArchive ? join(folder, basename(new URL(url).pathname)) : program;
  const detail = `fetch ${url} (${checksum}) to ${file}${isArchive ? ` and unpack ${setup.program.name}` : ''}`;
  const download = { url, checksum, file };
  return {
    kind: 'binary-fetch',
    detail,
    download,
    program,
    isArchive,
    ...refusal(mayDownload, allow_binary_downloads),
  };
}

function packageStep({ provisioning, program }: Setup, { mayDownload }: PlanOptions): Step {
  const { name, version, repo } = provisioning.package!;
  const from = repo === undefined ? '' : ` from ${repo}`;
  const detail = `install package ${name}${version === undefined ? '' : ` ${version}`}${from}, which brings ${program.name}`;
  const mayInstall = provisioning.allow_package_installs;
  const refused = mayInstall ? (mayDownload ? undefined : NO_EGRESS) : 'provisioning.allow_package_installs is false';
  return { kind: 'package-install', detail, program: program.name, name, version, repo, ...because(refused) };
}

/** The operator who names weights by their address and digest has asked for them. */
function weightsSteps(setup: Setup, { mayDownload }: PlanOptions): readonly Step[] {
  const { model } = setup.provisioning;
  const file = weightsFile(setup);
  if (model?.checksum === undefined || file === undefined || model.ref.startsWith('file:')) return [];
  const download = { url: model.ref, checksum: model.checksum, file };
  const detail = `fetch ${model.ref} (${model.checksum}) to ${file}`;
  return [{ kind: 'model-fetch', detail, download, ...because(mayDownload ? undefined : NO_EGRESS) }];
}

/** One per replica that the configuration counts. What is decided at the start stands as `<…>`. */
function runSteps(setup: Setup): readonly Step[] {
  const { pool } = setup;
  const count = typeof pool.replicas === 'number' ? pool.replicas : 1;
  return Array.from({ length: count }, (_, index) => runStep(setup, index));
}

function runStep(setup: Setup, index: number): Step {
  const { pool, provisioning, places } = setup;
  const replica = `${pool.id}-${index}`;
  const port = provisioning.ports[index];
  const detail = `start ${replica} on 127.0.0.1:${port ?? '<free port>'}, log ${join(places.engines, `${replica}.log`)}`;
  try {
    return { kind: 'run', detail, replica, command: commandOf(setup, endpointOf(setup, replica), port) };
  } catch (error) {
    if (!isEngineError(error)) throw error;
    return { kind: 'run', detail, replica, command: [], refused: error.message };
  }
}

function commandOf(setup: Setup, endpoint: EngineEndpoint, port: number | undefined): readonly string[] {
  const place = programPlace(setup);
  const program =
    place.type === 'container'
      ? { runtime: place.runtime ?? 'podman', path: place.runtime ?? 'podman', image: place.image }
      : place.type === 'file'
        ? place.path
        : place.name;
  const options = { program, endpoint, home: undefined, mark: '<start>', daemon: {} };
  const started = startCommand(setup, { ...options, port: port ?? UNKNOWN_PORT });
  const words = [started.program, ...started.args];
  return port === undefined ? words.map((word) => word.replace(UNKNOWN, '<free port>')) : words;
}

function endpointOf(setup: Setup, replicaId: string): EngineEndpoint {
  const { pool } = setup;
  const { ref, id, path = weightsFile(setup) } = poolModel(pool.model);
  return {
    ...{ poolId: pool.id, replicaId, slots: pool.slots, loadTimeoutMs: pool.timeouts.load_ms },
    model: { ref, id, ...(path === undefined ? {} : { path }) },
    ...(pool.ctx === undefined ? {} : { contextTokens: pool.ctx }),
    ...(pool.devices === undefined ? {} : { devices: pool.devices.map(String) }),
    ...(pool.tensor_split === undefined ? {} : { tensorSplit: pool.tensor_split }),
  };
}

function toolsOf(setup: Setup): readonly Tool[] {
  const { mode, container, binary, source } = setup.provisioning;
  if (mode === 'container') return [toolOf('a container runtime', container?.runtime ? [container.runtime] : RUNTIMES)];
  if (mode === 'binary' && ARCHIVE.test(binary?.url ?? '')) return [toolOf('tar', ['tar'])];
  if (mode !== 'source') return [];
  const isNinja = source?.build.generator?.startsWith('Ninja') ?? false;
  return [
    ...[toolOf('git', ['git']), toolOf('cmake', ['cmake'])],
    isNinja ? toolOf('ninja', ['ninja', 'ninja-build']) : toolOf('make', ['make', 'gmake']),
    toolOf('a C++ compiler', ['c++', 'g++', 'clang++']),
    ...(setup.pool.device === 'cpu' ? [] : [toolOf('nvcc', ['nvcc'])]),
  ];
}

function toolOf(name: string, anyOf: readonly string[]): Tool {
  return { name, anyOf };
}

function refusal(mayDownload: boolean, isAllowed: boolean): { readonly refused?: string } {
  if (!isAllowed) return because('provisioning.allow_binary_downloads is false');
  return because(mayDownload ? undefined : NO_EGRESS);
}

function because(refused: string | undefined): { readonly refused?: string } {
  return refused === undefined ? {} : { refused };
}
