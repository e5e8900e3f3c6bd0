import { Resolver as Queries } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { Resolver } from './resolver.js';

const HOSTS_FILE = process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts';
/** Answers that say: there is no such record. */
const NO_RECORD: readonly unknown[] = ['ENODATA', 'ENOTFOUND'];

/**
 * The hosts file of the machine, then its name servers. `getaddrinfo` would take one of the four threads that file access
 * shares for as long as a name server keeps silent, and cannot be called off.
 */
export class SystemResolver extends Resolver {
  constructor(private readonly hostsFile = HOSTS_FILE) {
    super();
  }

  override async resolve(host: string, signal: AbortSignal): Promise<readonly string[]> {
    const written = addressesIn(await readFile(this.hostsFile, 'utf8').catch(() => ''), host);
    return written.length > 0 ? written : query(host, signal);
  }
}

async function query(host: string, signal: AbortSignal): Promise<readonly string[]> {
  signal.throwIfAborted();
  const queries = new Queries();
  const cancel = () => queries.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const found = await Promise.all([queries.resolve4(host).catch(noRecord), queries.resolve6(host).catch(noRecord)]);
    return found.flat();
  } finally {
    cancel();
    signal.removeEventListener('abort', cancel);
  }
}

function noRecord(error: NodeJS.ErrnoException): string[] {
  if (NO_RECORD.includes(error.code)) return [];
  throw error;
}

/** Addresses that a hosts file gives a name. */
export function addressesIn(hostsFile: string, host: string): string[] {
  return hostsFile
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/))
    .filter(([address = '', ...names]) => isIP(address) !== 0 && names.includes(host))
    .map(([address]) => address!)
    .toSorted((a, b) => isIP(a) - isIP(b));
}
