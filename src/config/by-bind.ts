import { isLoopback, parseBind } from './bind.js';
import { type Config } from './schema.js';

/** `policy.profile`; without one, whoever can be reached from other machines starts with `production`. */
export function policyProfile({ policy, server }: Config): 'permissive' | 'production' {
  return policy.profile ?? (isLocal(server.bind) ? 'permissive' : 'production');
}

/** `egress.allow_private`; without it, private addresses may be called where only this machine can ask for it. */
export function allowsPrivate({ egress, server }: Config): boolean {
  return egress.allow_private ?? isLocal(server.bind);
}

function isLocal(bind: string): boolean {
  const address = parseBind(bind);
  return address !== undefined && isLoopback(address.host);
}
