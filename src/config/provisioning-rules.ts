import { engineFacts } from './engine-facts.js';
import { type Finding } from './issues.js';
import { isRecord, pathText, valueAt, type Path } from './path.js';
import { PROVISIONING_MODES } from './provisioning-schema.js';

const SECTIONS = ['source', 'container', 'package', 'binary'] as const;
/** Members that say how an engine is started, which is nothing to say of one that runs already. */
const OF_OUR_ENGINES = ['model', 'ports', 'env', 'flags', 'user'] as const;
/** Variables that carry what the host decides. */
const OURS = ['CUDA_VISIBLE_DEVICES', 'CUDA_DEVICE_ORDER', 'LLAMA_ORCH_ENGINE'];

/** True when the pool says how its engine is started. */
export function isProvisioned(pool: unknown): boolean {
  const mode = valueAt(pool, ['provisioning', 'mode']);
  return mode !== undefined && mode !== 'external';
}

/** What the provisioning of one pool must hold true; `path` is the pool's. */
export function provisioningFindings(pool: Record<string, unknown>, path: Path): Finding[] {
  const { provisioning } = pool;
  if (!isRecord(provisioning)) return [];
  const where = [...path, 'provisioning'];
  const { mode = 'external' } = provisioning;
  if (!PROVISIONING_MODES.some((known) => known === mode)) return [];
  return [
    ...startsItself(pool, path),
    ...twoEngines(pool, path),
    ...sections(provisioning, String(mode), where),
    ...weights(provisioning, where),
    ...program(provisioning, where),
    ...pin(provisioning, where),
    ...ownVariables(provisioning, where),
  ];
}

function startsItself(pool: Record<string, unknown>, path: Path): Finding[] {
  const { engine } = pool;
  if (typeof engine !== 'string' || !isProvisioned(pool) || !engineFacts(engine).startsItself) return [];
  const at = [...path, 'provisioning'];
  const message = `${pathText(at)} is for engines that are programs of their own; ${engine} comes along`;
  return [{ path: at, message, hint: 'remove provisioning' }];
}

function twoEngines(pool: Record<string, unknown>, path: Path): Finding[] {
  if (pool['endpoint'] === undefined || !isProvisioned(pool)) return [];
  const message = `${pathText(path)} has an endpoint, and provisioning that starts an engine of its own`;
  return [{ path: [...path, 'endpoint'], message, hint: 'remove one of them; with endpoint the mode is external' }];
}

/** A section without its mode would be passed over in silence. */
function sections(provisioning: Record<string, unknown>, mode: string, where: Path): Finding[] {
  const strange = SECTIONS.filter((section) => section !== mode && provisioning[section] !== undefined);
  const idle = mode === 'external' ? OF_OUR_ENGINES.filter((key) => provisioning[key] !== undefined) : [];
  return [
    ...[...strange, ...idle].map((key) => {
      const path = [...where, key];
      return {
        path,
        message: `${pathText(path)} has no meaning with mode ${mode}`,
        hint: 'remove it, or set its mode',
      };
    }),
    ...(mode === 'external' || provisioning[mode] !== undefined
      ? []
      : [{ path: [...where, 'mode'], message: `${pathText(where)} has mode ${mode}, but no ${mode}`, expected: mode }]),
  ];
}

function program(provisioning: Record<string, unknown>, where: Path): Finding[] {
  const { mode, binary } = provisioning;
  if (mode !== 'binary' || !isRecord(binary)) return [];
  const at = [...where, 'binary'];
  if ((binary['path'] === undefined) === (binary['url'] === undefined)) {
    const expected = 'path of a program that is there, or url and checksum of one to fetch';
    return [{ path: at, message: `${pathText(at)} must have either path or url`, expected }];
  }
  return binary['url'] === undefined ? onlyWithUrl(binary, at) : checksumOf(binary, at, 'url');
}

function onlyWithUrl(binary: Record<string, unknown>, at: Path): Finding[] {
  return ['checksum', 'install_dir']
    .filter((key) => binary[key] !== undefined)
    .map((key) => ({
      path: [...at, key],
      message: `${pathText([...at, key])} has no meaning without url`,
      hint: 'remove it, or name a url',
    }));
}

function weights({ model }: Record<string, unknown>, where: Path): Finding[] {
  const at = [...where, 'model'];
  if (!isRecord(model) || typeof model['ref'] !== 'string' || model['ref'].startsWith('file:')) return [];
  return checksumOf(model, at, 'ref');
}

/** What is fetched is compared with what was expected, before anything reads or runs it. */
function checksumOf(section: Record<string, unknown>, at: Path, fetched: string): Finding[] {
  if (section['checksum'] !== undefined) return [];
  const message = `${pathText([...at, fetched])} is fetched, but ${pathText(at)} has no checksum`;
  return [{ path: [...at, fetched], message, expected: 'checksum: sha256:<64 hex digits> of the file' }];
}

/** An operator's own program has the version that the file has; what is fetched for him must be said. */
function pin(provisioning: Record<string, unknown>, where: Path): Finding[] {
  const { mode = 'external', engine_version, binary } = provisioning;
  const isGot = mode !== 'external' && valueAt(binary, ['path']) === undefined;
  if (!isGot || engine_version !== undefined) return [];
  const message = `${pathText(where)} gets an engine, but does not say which version`;
  return [{ path: [...where, 'mode'], message, expected: 'engine_version: the version that the engine reports' }];
}

function ownVariables({ env }: Record<string, unknown>, where: Path): Finding[] {
  if (!isRecord(env)) return [];
  return OURS.filter((name) => Object.hasOwn(env, name)).map((name) => {
    const path = [...where, 'env', name];
    return { path, message: `${pathText(path)} is set by llama-orch`, hint: 'remove it; devices of the pool decide' };
  });
}

/** No port serves two replicas, of whichever pool. */
export function portFindings(pools: readonly unknown[]): Finding[] {
  const taken = new Map<unknown, string>();
  return pools.flatMap((pool, at) => {
    const ports = valueAt(pool, ['provisioning', 'ports']);
    if (!Array.isArray(ports)) return [];
    return (ports as unknown[]).flatMap((port, index) => {
      const path: Path = ['pools', at, 'provisioning', 'ports', index];
      const owner = taken.get(port);
      if (owner === undefined) taken.set(port, pathText(path));
      if (owner === undefined) return tooMany(pool, index, path);
      return [
        { path, message: `${pathText(path)} is port ${String(port)}, which ${owner} has`, expected: 'each port once' },
      ];
    });
  });
}

function tooMany(pool: unknown, index: number, path: Path): Finding[] {
  const replicas = valueAt(pool, ['replicas']);
  if (typeof replicas !== 'number' || index < replicas) return [];
  return [{ path, message: `${pathText(path)} is for a replica that is not there`, expected: `at most ${replicas}` }];
}
