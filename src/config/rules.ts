import { isLoopback, parseBind } from './bind.js';
import { deviceFindings, gpuFindings } from './device-rules.js';
import { engineFacts } from './engine-facts.js';
import { type Finding } from './issues.js';
import { onDemandFindings } from './on-demand-rules.js';
import { isRecord, pathText, valueAt, type Path } from './path.js';
import { DEFAULT_QUEUE_CAPACITY, USUAL_PROBE } from './pool-schema.js';
import { isProvisioned, portFindings, provisioningFindings } from './provisioning-rules.js';

/**
 * What members must hold true together. The rules look at the values as written, so that they speak up in the same
 * run as the validator; a member of a wrong type is left to it.
 */
export function crossFieldFindings(data: unknown): Finding[] {
  return [
    ...openBind(data),
    ...duplicates(data, ['auth', 'keys'], 'id'),
    ...duplicates(data, ['tenants'], 'id'),
    ...duplicates(data, ['plugins'], 'package'),
    ...duplicates(data, ['pools'], 'id'),
    ...duplicates(data, ['policies'], 'id'),
    ...gpuFindings(data),
    ...portFindings(listAt(data, ['pools'])),
    ...listAt(data, ['pools']).flatMap((pool, at) => poolFindings(pool, ['pools', at])),
  ];
}

function poolFindings(pool: unknown, path: Path): Finding[] {
  if (!isRecord(pool)) return [];
  return [
    ...mockWithoutLeave(pool, path),
    ...endpointOf(pool, path),
    ...deviceFindings(pool, path),
    ...onDemandFindings(pool, path),
    ...provisioningFindings(pool, path),
    ...duplicates(pool, ['admission', 'priorities'], 'name', path),
    ...classCaps(pool, path),
    ...order(pool, path, ['backoff', 'initial_ms'], ['backoff', 'max_ms']),
    ...order(pool, path, ['adaptive_concurrency', 'min'], ['adaptive_concurrency', 'max']),
    ...order(pool, path, ['adaptive_concurrency', 'max'], ['slots']),
    ...order(pool, path, ['timeouts', 'idle_ms'], ['timeouts', 'wall_ms']),
    ...heartbeat(pool, path),
  ];
}

/** Off loopback somebody else can reach the server, so it must ask for a key. */
function openBind(data: unknown): Finding[] {
  const path = ['server', 'bind'];
  const bind = valueAt(data, path);
  const address = typeof bind === 'string' ? parseBind(bind) : undefined;
  if (address === undefined || isLoopback(address.host) || listAt(data, ['auth', 'keys']).length > 0) return [];
  return [
    {
      path,
      message: `server.bind ${address.host} can be reached from other machines, but no key is configured`,
      hint: 'set LLORCH_API_TOKEN (at least 16 characters), add auth.keys, or bind to 127.0.0.1',
    },
  ];
}

function mockWithoutLeave(pool: Record<string, unknown>, path: Path): Finding[] {
  if (pool['engine'] !== 'mock' || pool['allow_mock'] === true) return [];
  const message = `${pathText(path)} has engine mock, which makes up its tokens, without allow_mock: true`;
  return [{ path: [...path, 'engine'], message, hint: 'add allow_mock: true for a test, else name a real engine' }];
}

function endpointOf(pool: Record<string, unknown>, path: Path): Finding[] {
  const { engine, endpoint } = pool;
  if (typeof engine !== 'string' || !engineFacts(engine).needsEndpoint || endpoint !== undefined) return [];
  if (isProvisioned(pool)) return [];
  const message = `${pathText(path)} has engine ${engine}, but no endpoint`;
  const expected = 'endpoint: the base URL of the running server, or provisioning.mode: how to start one';
  return [{ path: [...path, 'engine'], message, expected }];
}

export function classCaps(pool: Record<string, unknown>, path: Path): Finding[] {
  const capacity = numberAt(pool, ['queue', 'capacity']) ?? DEFAULT_QUEUE_CAPACITY;
  return listAt(pool, ['admission', 'priorities']).flatMap((_entry, at) => {
    const where: Path = ['admission', 'priorities', at, 'queue_capacity'];
    const cap = numberAt(pool, where);
    if (cap === undefined || cap <= capacity) return [];
    const message = `${pathText([...path, ...where])} is larger than the whole queue`;
    return [{ path: [...path, ...where], message, expected: `at most queue.capacity, which is ${capacity}` }];
  });
}

/** An engine that answers each probe has to be taken for alive until the next answer. */
function heartbeat(pool: Record<string, unknown>, path: Path): Finding[] {
  const [interval, timeout, stale] = (['interval_ms', 'timeout_ms', 'heartbeat_stale_ms'] as const).map(
    (name) => numberAt(pool, ['probe', name]) ?? USUAL_PROBE[name],
  ) as [number, number, number];
  if (stale >= interval + timeout || !isRecord(pool['probe'])) return [];
  const message = `${pathText([...path, 'probe'])} would take an engine for dead between two probes`;
  const expected = `heartbeat_stale_ms of at least interval_ms and timeout_ms together, ${interval + timeout}; it is ${stale}`;
  return [{ path: [...path, 'probe'], message, expected }];
}

function order(pool: Record<string, unknown>, path: Path, less: Path, more: Path): Finding[] {
  const [low, high] = [numberAt(pool, less), numberAt(pool, more)];
  if (low === undefined || high === undefined || low <= high) return [];
  const message = `${pathText([...path, ...less])} is larger than ${pathText([...path, ...more])}`;
  return [{ path: [...path, ...less], message, expected: `at most ${high}` }];
}

export function duplicates(root: unknown, list: Path, key: string, base: Path = []): Finding[] {
  const seen = new Set<unknown>();
  return listAt(root, list).flatMap((item, at) => {
    const value = valueAt(item, [key]);
    const repeated = typeof value === 'string' && seen.has(value);
    seen.add(value);
    if (!repeated) return [];
    const path = [...base, ...list, at, key];
    return [{ path, message: `${pathText(path)} "${value}" is already taken`, expected: `each ${key} once` }];
  });
}

export function listAt(root: unknown, path: Path): readonly unknown[] {
  const value = valueAt(root, path);
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function numberAt(root: unknown, path: Path): number | undefined {
  const value = valueAt(root, path);
  return typeof value === 'number' ? value : undefined;
}
