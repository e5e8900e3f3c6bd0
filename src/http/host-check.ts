import { type IncomingMessage } from 'node:http';
import { type BindAddress, isLoopback } from '../config/index.js';
import { AppError, invalidParams } from '../kernel/errors.js';

/** Refuses requests that were meant for another host: a page in a browser must not reach the daemon by a name of its own. */
export class HostCheck {
  private readonly names: ReadonlySet<string>;

  constructor(bind: BindAddress, allowedHosts: readonly string[]) {
    const own = isLoopback(bind.host) ? ['localhost', '127.0.0.1', '::1', bind.host] : [bind.host];
    this.names = new Set([...own, ...allowedHosts].map((name) => name.toLowerCase()));
  }

  /** @throws AppError 403 for a foreign host, 400 when the header is missing or doubled */
  check(request: IncomingMessage): void {
    const hosts = request.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
    if (hosts > 1) throw invalidParams([{ pointer: '/Host', message: 'must be sent once' }]);
    const host = request.headers.host;
    if (host === undefined || host === '') throw invalidParams([{ pointer: '/Host', message: 'is required' }]);
    if (this.names.has(nameOf(host)) || this.servedOn(request, host)) return;
    throw new AppError(
      'FORBIDDEN',
      'the Host header names another host; use the bound address, or add the name to server.allowed_hosts',
    );
  }

  /** A wildcard bind serves the address at which the connection arrived. */
  private servedOn({ socket }: IncomingMessage, host: string): boolean {
    return (
      (this.names.has('0.0.0.0') || this.names.has('::')) &&
      socket.localAddress?.replace(/^::ffff:/, '') === nameOf(host)
    );
  }
}

function nameOf(host: string): string {
  const v6 = /^\[([^\]]+)\](?::\d+)?$/.exec(host)?.[1];
  return (v6 ?? host.replace(/:\d+$/, '')).toLowerCase();
}
