import { connect as connectTcp, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { type buildConnector } from 'undici';
import { type EventAddress } from '@llama-orch/policy-sdk/abi';
import { type Clock } from '../../kernel/clock.js';
import { Fault } from '../fault.js';
import { canonical } from '../guard/address-class.js';
import { goesThrough, type Proxy, tunnel } from './proxy.js';

/** Where a connection goes, whatever the URL says by then. */
export interface Pinned {
  readonly address: EventAddress;
  readonly port: number;
  readonly isTls: boolean;
  /** Name that the certificate has to have; empty for a URL with an address, whose certificate has to name that. */
  readonly serverName: string;
}

export interface DialOptions {
  readonly clock: Clock;
  /** For TCP and TLS together. */
  readonly connectTimeoutMs: number;
  /** Certificates that are trusted, PEM. */
  readonly trusted: readonly string[];
  /** Undefined: connections are made directly. */
  readonly proxy?: Proxy | undefined;
  /** Opens a socket; attack suites watch it. */
  readonly openSocket?: (options: TcpNetConnectOpts) => Socket;
}

/**
 * Connects to exactly the address that was checked: no lookup, no other address, no proxy but the operator's, which is
 * told that address. A lookup hook would not be enough, as nothing is looked up for a literal.
 */
export function pinnedConnector(pinned: Pinned, options: DialOptions): buildConnector.connector {
  return (_asked, callback) => {
    connect(pinned, options).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    );
  };
}

async function connect(pinned: Pinned, options: DialOptions): Promise<Socket | TLSSocket> {
  const { clock, connectTimeoutMs, proxy } = options;
  const tcp = opening(pinned, options);
  const cancel = clock.schedule(connectTimeoutMs, () =>
    tcp.destroy(new Fault('timeout', `no connection in ${connectTimeoutMs} ms`)),
  );
  try {
    await opened(tcp, 'connect', 'connect');
    if (goesThrough(proxy, pinned)) await tunnel(tcp, pinned, proxy);
    else if (canonical(tcp.remoteAddress ?? '::') !== pinned.address.ip)
      throw new Fault('connect', 'connected elsewhere than checked');
    if (!pinned.isTls) return tcp;
    const tls = secured(tcp, pinned, options);
    await opened(tls, 'secureConnect', 'tls');
    return tls;
  } catch (error) {
    tcp.destroy();
    throw error;
  } finally {
    cancel();
  }
}

function opening(pinned: Pinned, { proxy, openSocket = connectTcp }: DialOptions): Socket {
  const { address, port } = pinned;
  if (goesThrough(proxy, pinned)) return openSocket({ host: proxy.host, port: proxy.port, noDelay: true });
  return openSocket({ host: address.ip, port, family: address.family, autoSelectFamily: false, noDelay: true });
}

/** The name is always verified, whatever the environment says. */
function secured(tcp: Socket, { address, serverName }: Pinned, { trusted }: DialOptions): TLSSocket {
  return connectTls({
    socket: tcp,
    host: address.ip,
    ...(serverName === '' ? {} : { servername: serverName }),
    ca: [...trusted],
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
  });
}

function opened(socket: Socket, event: 'connect' | 'secureConnect', kind: 'connect' | 'tls'): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(faultOf(error, kind));
    const close = () => reject(new Fault(kind, 'the far side closed the connection'));
    socket.once('error', fail).once('close', close);
    socket.once(event, () => {
      socket.off('error', fail).off('close', close);
      resolve();
    });
  });
}

/** Names the failure, not the address that Node's message has. */
function faultOf(error: NodeJS.ErrnoException, kind: 'connect' | 'tls'): Fault {
  if (error instanceof Fault) return error;
  const what = kind === 'tls' ? 'TLS came to nothing' : 'there is no connection';
  return new Fault(kind, `${what} (${error.code ?? 'failed'})`, { cause: error });
}
