import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Config, type PoolConfig } from '../../config/index.js';
import { failed, ok, warning, type Finding } from './check.js';

const TCP = ['/proc/net/tcp', '/proc/net/tcp6'];
const LISTENING = '0A';
const ANYWHERE = /^0+$/;

/** Whether the programs that the operator names can be run, and nobody but this machine reaches the engines. */
export function engineFindings({ pools }: Config, tables: readonly string[] = TCP.map(read)): Finding[] {
  const open = openPorts(tables);
  return pools.flatMap((pool) => [...programFinding(pool), ...exposedFindings(pool, open)]);
}

function programFinding({ id, provisioning }: PoolConfig): Finding[] {
  const written = provisioning?.binary?.path;
  if (written === undefined) return [];
  const path = written.startsWith('~/') ? join(homedir(), written.slice(2)) : written;
  const check = `engine of pool ${id}`;
  if (!existsSync(path)) return [failed(check, `${path} is not there`, 'Install it, or correct binary.path.')];
  try {
    accessSync(path, constants.X_OK);
    return [ok(check, path)];
  } catch {
    return [failed(check, `${path} may not be run by this user`, `Run: chmod +x ${path}`)];
  }
}

/** Engines ask for no key: what listens for them has to be on loopback. */
function exposedFindings({ id, endpoint, provisioning }: PoolConfig, open: ReadonlySet<number>): Finding[] {
  const fix = 'Bind the engine to 127.0.0.1, or close the port to other machines.';
  return [...(provisioning?.ports ?? []), ...localPort(endpoint)]
    .filter((port) => open.has(port))
    .map((port) => warning(`engine of pool ${id}`, `port ${port} is open to other machines, without a key`, fix));
}

function localPort(endpoint: string | undefined): readonly number[] {
  const url = endpoint === undefined ? null : URL.parse(endpoint);
  const isLocal = url !== null && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  return isLocal ? [Number(url.port || 80)] : [];
}

/** Ports that something listens on at every address, from the kernel's tables of sockets. */
export function openPorts(tables: readonly string[]): ReadonlySet<number> {
  const lines = tables.flatMap((table) => table.split('\n').slice(1));
  return new Set(
    lines.flatMap((line) => {
      const [, local = '', , state] = line.trim().split(/\s+/);
      const [address = '', port = ''] = local.split(':');
      return state === LISTENING && ANYWHERE.test(address) ? [Number.parseInt(port, 16)] : [];
    }),
  );
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
