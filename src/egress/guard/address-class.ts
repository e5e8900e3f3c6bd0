import { isIP } from 'node:net';
import { type AddressClass } from '@llama-orch/policy-sdk/abi';
import ipaddr from 'ipaddr.js';

/** What kind of address it is. A port: attack suites have public addresses of their own. */
export type Classify = (address: string) => AddressClass;

/** Where clouds tell secrets to whoever asks. 168.63.129.16 looks like any public address. */
const METADATA = [
  ...['169.254.169.254', '169.254.170.2', '169.254.170.23', '169.254.42.42', '168.63.129.16'],
  ...['100.100.100.200', '192.0.0.192', 'fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254'],
].map(canonical);

const CLASSES: Readonly<Partial<Record<string, AddressClass>>> = {
  unicast: 'public',
  private: 'private',
  uniqueLocal: 'private',
  loopback: 'loopback',
  linkLocal: 'link-local',
  carrierGradeNat: 'cgnat',
  multicast: 'multicast',
};

/** Global unicast of IPv6; what lies outside of it is handed out to nobody. */
const GLOBAL = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];

/** Worst first: an address that embeds another is as bad as the worse of the two. */
const WORST: readonly AddressClass[] = [
  ...(['metadata', 'link-local', 'multicast', 'reserved', 'unknown'] as const),
  ...(['loopback', 'private', 'cgnat', 'public'] as const),
];

/** The class of an address by all of its forms: IPv4 inside of IPv6 is looked at as IPv4 too. */
export function classOf(address: string): AddressClass {
  if (isIP(address) === 0 || address.includes('%')) return address.includes('%') ? 'link-local' : 'unknown';
  const plain = parsed(address);
  const classes = [classOfForm(plain), ...embedded(plain).map(classOfForm)];
  return WORST.find((one) => classes.includes(one)) ?? 'unknown';
}

/** One text for each address: IPv4-mapped as IPv4, IPv6 in its shortest form. */
export function canonical(address: string): string {
  const plain = parsed(address);
  return plain.kind() === 'ipv4' ? plain.toString() : (plain as ipaddr.IPv6).toRFC5952String();
}

/** `::1.2.3.4` is not `::ffff:1.2.3.4`, whatever the library makes of it: the text is brought into one form first. */
function parsed(address: string): Address {
  return ipaddr.process(isIP(address) === 6 ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address);
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;

function classOfForm(address: Address): AddressClass {
  if (METADATA.includes(canonical(address.toString()))) return 'metadata';
  const range = address.range();
  if (range === 'unicast' && address.kind() === 'ipv6')
    return (address as ipaddr.IPv6).match(GLOBAL) ? 'public' : 'reserved';
  return CLASSES[range] ?? 'reserved';
}

/** The IPv4 addresses that ways of tunnelling put into this IPv6 address. */
function embedded(address: Address): Address[] {
  if (address.kind() === 'ipv4') return [];
  const parts = (address as ipaddr.IPv6).parts;
  const first = parts.slice(0, 6).every((part) => part === 0) ? [pair(parts[6], parts[7])] : [];
  const nat64 = parts[0] === 0x64 && parts[1] === 0xff9b ? [pair(parts[6], parts[7])] : [];
  const sixToFour = parts[0] === 0x2002 ? [pair(parts[1], parts[2])] : [];
  const isTeredo = parts[0] === 0x2001 && parts[1] === 0;
  const teredo = isTeredo ? [pair(parts[2], parts[3]), pair(parts[6]! ^ 0xffff, parts[7]! ^ 0xffff)] : [];
  const isatap = (parts[4]! & 0xfdff) === 0 && parts[5] === 0x5efe ? [pair(parts[6], parts[7])] : [];
  const isLoopbackOrNone = first.length > 0 && parts[6] === 0 && parts[7]! <= 1;
  return isLoopbackOrNone ? [] : [...first, ...nat64, ...sixToFour, ...teredo, ...isatap];
}

function pair(high = 0, low = 0): Address {
  return new ipaddr.IPv4([high >> 8, high & 0xff, low >> 8, low & 0xff]);
}
