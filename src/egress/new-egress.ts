import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { getCACertificates } from 'node:tls';
import { allowsPrivate, type Config } from '../config/index.js';
import { type Egress } from './egress.js';
import { proxyOf } from './dial/proxy.js';
import { type EgressParts } from './egress-parts.js';
import { classOf } from './guard/address-class.js';
import { type GuardRules } from './guard/rules.js';
import { SystemResolver } from './guard/system-resolver.js';
import { Outbound } from './outbound.js';

/** What does not come from the configuration; without more, the network is the real one. */
export type EgressSurroundings = Omit<
  EgressParts,
  'rules' | 'ratePerS' | 'dnsTimeoutMs' | 'connectTimeoutMs' | 'trusted' | 'resolver' | 'classify' | 'proxy'
> &
  Partial<Pick<EgressParts, 'resolver' | 'classify'>>;

/** The door as a configuration has it. @throws Error that names a file of `egress.ca_roots` that cannot be read */
export function newEgress(config: Config, baseFolder: string, surroundings: EgressSurroundings): Egress {
  const { rate_per_s, dns_timeout_ms, connect_timeout_ms, ca_roots, proxy: url } = config.egress;
  const proxy = url === undefined ? undefined : proxyOf(url);
  for (const secret of proxy?.secrets ?? []) surroundings.redactor.learn(secret);
  return new Outbound({
    resolver: new SystemResolver(),
    classify: classOf,
    ...surroundings,
    rules: rulesOf(config),
    ratePerS: rate_per_s,
    dnsTimeoutMs: dns_timeout_ms,
    connectTimeoutMs: connect_timeout_ms,
    proxy,
    trusted: [
      ...getCACertificates('default'),
      ...ca_roots.map((file) => certificatesIn(resolve(baseFolder, file), file)),
    ],
  });
}

const WEB_PORTS = [80, 443];

function rulesOf(config: Config): GuardRules {
  const { enabled, allow_hosts: allowHosts, deny_hosts: denyHosts, ports } = config.egress;
  return {
    enabled,
    allowPrivate: allowsPrivate(config),
    allowHosts,
    denyHosts,
    ports: new Set([...WEB_PORTS, ...ports]),
  };
}

/** @param shown how the configuration names the file */
function certificatesIn(file: string, shown: string): string {
  const pem = readPem(file, shown);
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new Error(`egress.ca_roots: ${shown} holds no certificate; name a PEM file`);
}

function readPem(file: string, shown: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(`egress.ca_roots: ${shown} cannot be read; correct the path or its rights`, { cause });
  }
}
