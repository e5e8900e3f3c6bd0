import { isLoopback, parseBind } from './bind.js';
import { policy as policyEntry } from './policy-schema.js';
import { type Config, type PolicyEntry } from './schema.js';

/** `policy.profile`; without one, whoever can be reached from other machines starts with `production`. */
export function policyProfile({ policy, server }: Config): 'permissive' | 'production' {
  return policy.profile ?? (isLocal(server.bind) ? 'permissive' : 'production');
}

/** Asked about requests alone: to ask about answers too, each would be read before anybody gets it. */
const ALLOW_ALL: PolicyEntry = policyEntry.parse({ builtin: 'allow-all', hooks: ['on_request'] });

/** True where no policy is configured and none is asked for: the built-in `allow-all` decides then. */
export function isUnguarded(config: Config): boolean {
  return config.policies.length === 0 && policyProfile(config) === 'permissive';
}

/** The policies that are asked, in order. */
export function askedPolicies(config: Config): readonly PolicyEntry[] {
  return isUnguarded(config) ? [ALLOW_ALL] : config.policies;
}

/** `egress.allow_private`; without it, private addresses may be called where only this machine can ask for it. */
export function allowsPrivate({ egress, server }: Config): boolean {
  return egress.allow_private ?? isLocal(server.bind);
}

function isLocal(bind: string): boolean {
  const address = parseBind(bind);
  return address !== undefined && isLoopback(address.host);
}
