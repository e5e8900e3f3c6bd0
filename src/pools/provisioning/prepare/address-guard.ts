import { lookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

type Range = readonly [network: string, prefix: number, family: 'ipv4' | 'ipv6'];

/** This network, link-local with the metadata services of clouds, multicast, reserved. Nobody is meant to be there. */
const NEVER: readonly Range[] = [
  ...(['0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4', '100.100.100.200/32'] as const).map(ipv4),
  ...(['::/128', 'fe80::/10', 'ff00::/8', 'fd00:ec2::254/128', '64:ff9b::/96'] as const).map(ipv6),
];
const PRIVATE: readonly Range[] = [
  ...(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '127.0.0.0/8'] as const).map(ipv4),
  ...(['::1/128', 'fc00::/7'] as const).map(ipv6),
];
const never = listOf(NEVER);
const alsoPrivate = listOf([...NEVER, ...PRIVATE]);

/** True when a download may go to this address. Private ones only where the operator has named the host. */
export function mayGoTo(address: string, isNamedHost: boolean): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  return isIP(address) !== 0 && !(isNamedHost ? never : alsoPrivate).check(address, family);
}

/** Resolves a name for a connection, which is made to the very address that was looked at. */
export function guardedLookup(isNamedHost: boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses: readonly LookupAddress[] = error === null ? found : [];
      const [first] = addresses;
      if (error !== null || first === undefined) return callback(error ?? refused(hostname), '', 4);
      if (!addresses.every(({ address }) => mayGoTo(address, isNamedHost))) return callback(refused(hostname), '', 4);
      if (options.all === true) return callback(null, [...addresses]);
      callback(null, first.address, first.family);
    });
  };
}

function refused(hostname: string): Error {
  return new Error(`${hostname} is at an address that downloads may not go to`);
}

function ipv4(text: string): Range {
  const [network, prefix] = text.split('/');
  return [network!, Number(prefix), 'ipv4'];
}

function ipv6(text: string): Range {
  const [network, prefix] = text.split('/');
  return [network!, Number(prefix), 'ipv6'];
}

function listOf(ranges: readonly Range[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix, family] of ranges) list.addSubnet(network, prefix, family);
  return list;
}
