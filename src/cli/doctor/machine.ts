import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { findPackageJSON } from 'node:module';
import { satisfies } from 'semver';
import { type BindAddress } from '../../config/index.js';
import { failed, ok, warning, type Finding } from './check.js';

const NODE_RANGE = '>=22.19';
const MIN_FILES = 4096;
const LIMITS = '/proc/self/limits';

/** Whether this Node can run the daemon. */
export function nodeFinding(version: string): Finding {
  if (satisfies(version, NODE_RANGE)) return ok('node', version);
  return failed('node', `${version} is too old`, `Install Node ${NODE_RANGE.slice(2)} or later; 24 is tested.`);
}

/** Whether the process may open enough files: each stream and each engine connection is one. */
export async function fileLimitFinding(limits: () => Promise<string> = readLimits): Promise<Finding> {
  const text = await limits();
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(text)?.[1];
  if (soft === undefined) return ok('open files', 'not limited in a way this system shows');
  if (soft === 'unlimited' || Number(soft) >= MIN_FILES) return ok('open files', `limit ${soft}`);
  return warning(
    'open files',
    `limit ${soft}`,
    `Raise it: ulimit -n ${MIN_FILES}, or LimitNOFILE in the systemd unit.`,
  );
}

/** Whether the daemon could listen where the config says. */
export async function portFinding({ host, port }: BindAddress): Promise<Finding> {
  const code = await tryListen(host, port);
  const address = `${host}:${port}`;
  if (code === undefined) return ok('port', `${address} is free`);
  if (code === 'EADDRINUSE') {
    const fix = 'Stop the other program, or choose another address with --bind or server.bind.';
    return failed('port', `${address} is taken by another program`, fix);
  }
  return failed('port', `cannot listen on ${address} (${code})`, 'Choose another address with --bind or server.bind.');
}

/** Whether the engine that comes along can run here. */
export function embeddedEngineFinding(find: (name: string) => string | undefined = findPackage): Finding {
  if (find('node-llama-cpp') !== undefined) return ok('embedded engine', 'installed');
  const fix = 'Run npm install without --omit=optional, or use a pool with another engine.';
  return warning('embedded engine', 'node-llama-cpp is not installed', fix);
}

async function readLimits(): Promise<string> {
  return readFile(LIMITS, 'utf8').catch(() => '');
}

function findPackage(name: string): string | undefined {
  try {
    return findPackageJSON(name, import.meta.url);
  } catch {
    return undefined;
  }
}

function tryListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
