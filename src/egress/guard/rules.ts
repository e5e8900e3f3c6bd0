import { isIP } from 'node:net';
import { type AddressClass } from '@llama-orch/policy-sdk/abi';
import { hostMatch, ipIn } from '../../policy-host/sandbox/host/matching.js';
import { isInternalName, isMetadataName } from './internal-names.js';
import { type Target } from './normalise.js';
import { Refusal } from './refusal.js';

/** What the operator configured; policies narrow it and never widen it. */
export interface GuardRules {
  readonly enabled: boolean;
  readonly allowPrivate: boolean;
  /** Names, `*.` names, addresses and ranges that may be called although they are private. */
  readonly allowHosts: readonly string[];
  /** The same that are never called; they win over everything. */
  readonly denyHosts: readonly string[];
  readonly ports: ReadonlySet<number>;
}

/** Host and port that the operator's configuration names for this very call; they count as an explicit entry. */
export interface NamedHost {
  readonly host: string;
  readonly port: number;
}

const NEVER: readonly AddressClass[] = ['metadata', 'link-local', 'multicast', 'reserved', 'unknown'];

/** Judges all that can be said before a name is resolved. @throws Refusal */
export function judgeTarget(target: Target, rules: GuardRules, named: NamedHost | undefined): void {
  const { host, port, ipLiteral } = target.parts;
  if (!rules.enabled) throw new Refusal('EGRESS_OFF', 'egress.enabled is false');
  if (!rules.ports.has(port) && !isNamed(target, named))
    throw new Refusal('PORT', `port ${port} is not in egress.ports`);
  if (ipLiteral) return;
  if (rules.denyHosts.some((rule) => hostMatch(host, rule)))
    throw new Refusal('HOST_DENIED', `${host} is in egress.deny_hosts`);
  if (isMetadataName(host)) throw new Refusal('HOST_INTERNAL', `${host} is the name of a metadata service`);
  if (isInternalName(host) && !isExplicit(target, rules, named))
    throw new Refusal('HOST_INTERNAL', `${host} is an internal name that egress.allow_hosts does not have`);
}

/** Judges one address that a target leads to. @throws Refusal */
export function judgeAddress(
  address: string,
  kind: AddressClass,
  target: Target,
  rules: GuardRules,
  named: NamedHost | undefined,
): void {
  if (rules.denyHosts.some((rule) => ipIn(address, rule)))
    throw new Refusal('ADDRESS_DENIED', `${address} is in egress.deny_hosts`);
  if (NEVER.includes(kind)) throw new Refusal('ADDRESS_NOT_PUBLIC', `${address} is ${kind}`);
  if (kind === 'public' || rules.allowPrivate) return;
  if (isExplicit(target, rules, named) || rules.allowHosts.some((rule) => ipIn(address, rule))) return;
  throw new Refusal('ADDRESS_NOT_PUBLIC', `${address} is ${kind}, and egress.allow_hosts does not have it`);
}

function isExplicit(target: Target, { allowHosts }: GuardRules, named: NamedHost | undefined): boolean {
  const { host } = target.parts;
  if (isNamed(target, named)) return true;
  return isIP(host) === 0 && allowHosts.some((rule) => hostMatch(host, rule));
}

function isNamed({ parts }: Target, named: NamedHost | undefined): boolean {
  return named !== undefined && parts.host === named.host && parts.port === named.port;
}
