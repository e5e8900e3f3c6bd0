import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import ipaddr from 'ipaddr.js';

/** True when the address lies in the range. An IPv4 address inside of IPv6 counts as what it is: IPv4. */
export function ipIn(ip: string, range: string): boolean {
  const [network, prefix, more] = range.split('/');
  if (more !== undefined || isIP(ip) === 0 || network === undefined || isIP(network) === 0) return false;
  const address = ipaddr.process(ip);
  const base = ipaddr.process(network);
  const bits = prefixOf(prefix, base.kind() === 'ipv4' ? 32 : 128);
  return bits !== undefined && address.kind() === base.kind() && address.match([base, bits] as never);
}

function prefixOf(text: string | undefined, most: number): number | undefined {
  if (text === undefined) return most;
  return /^\d{1,3}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}

/** Exact, or below a name: `*.example.com` stands for each host under `example.com`, and not for itself. */
export function hostMatch(host: string, pattern: string): boolean {
  const name = plainHost(host);
  const below = pattern.startsWith('*.');
  const wanted = plainHost(below ? pattern.slice(2) : pattern);
  if (name === '' || wanted === '') return false;
  // An address has no names below it: *.0.0.1 does not stand for 127.0.0.1.
  return below ? isIP(name) === 0 && name.endsWith(`.${wanted}`) : name === wanted;
}

function plainHost(host: string): string {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  if (isIP(bare) !== 0) return bare.toLowerCase();
  return domainToASCII(bare).replace(/\.$/, '');
}

/**
 * `*` is any text without `/`, `**` any text, `?` one character other than `/`. Takes time in proportion to both lengths,
 * whatever they hold.
 */
export function glob(path: string, pattern: string): boolean {
  let reached = new Uint8Array(path.length + 1);
  reached[0] = 1;
  for (const step of stepsOf(pattern)) reached = after(step, reached, path);
  return reached[path.length] === 1;
}

function stepsOf(pattern: string): string[] {
  return pattern.match(/\*\*|[\s\S]/g) ?? [];
}

/** Which places of the path are reached once the step was taken from those reached before. */
function after(step: string, before: Uint8Array, path: string): Uint8Array<ArrayBuffer> {
  const reached = new Uint8Array(before.length);
  for (let at = 0; at < before.length; at += 1) {
    const stays =
      (step === '*' || step === '**') && (before[at] === 1 || (reached[at - 1] === 1 && passes(step, path[at - 1])));
    const moves = step !== '*' && step !== '**' && before[at - 1] === 1 && passes(step, path[at - 1]);
    if (stays || moves) reached[at] = 1;
  }
  return reached;
}

function passes(step: string, character: string | undefined): boolean {
  if (step === '**') return true;
  if (step === '*' || step === '?') return character !== '/';
  return character === step;
}
