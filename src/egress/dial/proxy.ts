import { type Socket } from 'node:net';
import { Fault } from '../fault.js';
import { type Pinned } from './connector.js';

/** An HTTP proxy that the operator names. */
export interface Proxy {
  readonly host: string;
  readonly port: number;
  /** Value of `Proxy-Authorization`; undefined when none is asked for. */
  readonly authorization: string | undefined;
  /** What of it nobody is to read. */
  readonly secrets: readonly string[];
}

const MOST_HEAD_BYTES = 16 * 1024;
const HEAD_ENDS = '\r\n\r\n';
const USUAL_PORT = 80;

/** @param url `http://[user:password@]host[:port]`, as the configuration checked it */
export function proxyOf(url: string): Proxy {
  const { hostname, port, username, password } = new URL(url);
  const [user = '', secret = ''] = [username, password].map(decodeURIComponent);
  const credentials = Buffer.from(`${user}:${secret}`).toString('base64');
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? USUAL_PORT : Number(port),
    authorization: user === '' ? undefined : `Basic ${credentials}`,
    secrets: user === '' ? [] : [secret, credentials],
  };
}

/** What is public goes through the proxy; what an operator allows beside that stands in their own network. */
export function goesThrough(proxy: Proxy | undefined, { address }: Pinned): proxy is Proxy {
  return proxy !== undefined && address.class === 'public';
}

/** Has the proxy connect to the very address that was checked; it is never told a name. @throws Fault */
export async function tunnel(socket: Socket, { address, port }: Pinned, { authorization }: Proxy): Promise<void> {
  const to = `${address.family === 6 ? `[${address.ip}]` : address.ip}:${port}`;
  const lines = [`CONNECT ${to} HTTP/1.1`, `Host: ${to}`];
  if (authorization !== undefined) lines.push(`Proxy-Authorization: ${authorization}`);
  socket.write(`${lines.join('\r\n')}${HEAD_ENDS}`);
  const head = await headFrom(socket);
  const status = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(head)?.[1];
  if (status === undefined) throw new Fault('connect', 'the proxy speaks no HTTP; check egress.proxy');
  if (!status.startsWith('2'))
    throw new Fault('connect', `the proxy does not connect (${status}); the operator checks egress.proxy`);
  // The far side has been asked nothing yet.
  if (head.indexOf(HEAD_ENDS) !== head.length - HEAD_ENDS.length)
    throw new Fault('connect', 'the proxy says more than it was asked');
}

function headFrom(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let head = '';
    const read = (): void => {
      for (let piece = chunkOf(socket); piece !== null; piece = chunkOf(socket)) head += piece.toString('latin1');
      if (head.includes(HEAD_ENDS)) settle(() => resolve(head));
      else if (head.length > MOST_HEAD_BYTES)
        settle(() => reject(new Fault('connect', 'the proxy answers with too large a head')));
    };
    const fail = (error: Error): void => settle(() => reject(error));
    const close = (): void => settle(() => reject(new Fault('connect', 'the proxy closed the connection')));
    const settle = (then: () => void): void => {
      socket.off('readable', read).off('error', fail).off('close', close).off('end', close);
      then();
    };
    socket.on('readable', read).once('error', fail).once('close', close).once('end', close);
  });
}

function chunkOf(socket: Socket): Buffer | null {
  return socket.read() as Buffer | null;
}
