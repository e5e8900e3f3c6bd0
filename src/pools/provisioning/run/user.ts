import { readFileSync } from 'node:fs';
import { EngineError } from '@llama-orch/plugin-sdk';

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

/** Finds a user in the text of `/etc/passwd`. */
export function userIn(passwd: string, name: string): UserIds | undefined {
  const line = passwd.split('\n').find((one) => one.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) return undefined;
  return { uid: Number(uid), gid: Number(gid) };
}

/**
 * Whom an engine runs as; undefined: as the daemon does.
 * @throws EngineError when this daemon cannot become that user, or there is none
 */
export function engineUser(name: string | undefined, daemonUid = process.getuid?.()): UserIds | undefined {
  if (name === undefined) return undefined;
  const ids = userIn(readFileSync('/etc/passwd', 'utf8'), name);
  if (ids === undefined) throw refused(`there is no user ${name}; create it, or change provisioning.user`);
  if (ids.uid === daemonUid) return undefined;
  if (daemonUid === 0) return ids;
  throw refused(`only a daemon of root can run engines as ${name}; remove provisioning.user`);
}

function refused(message: string): EngineError {
  return new EngineError('unavailable', message, { reason: 'user' });
}
