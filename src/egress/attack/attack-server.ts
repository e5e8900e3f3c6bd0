import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createRawServer, type Server, type Socket } from 'node:net';
import { newCertificate } from './certificate.js';
import { OTHER_PUBLIC, PUBLIC } from './test-network.js';

/** What the far side was sent. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** One for each connection. */
  readonly socket: number;
}

/** A server on the test addresses that does what an attacker would. */
export class AttackServer {
  readonly seen: SeenRequest[] = [];
  private readonly sockets = new Map<Socket, number>();

  private constructor(
    private readonly servers: readonly (Server | HttpServer)[],
    readonly port: number,
  ) {
    for (const server of servers) server.on('connection', (socket: Socket) => this.keep(socket));
  }

  static async http(listener: RequestListener): Promise<AttackServer> {
    return AttackServer.listening([createHttpServer(), createHttpServer()], listener);
  }

  /** With a certificate that this CA gave for `name`. */
  static async https(listener: RequestListener, ca: CertificateAuthority, name: string): Promise<AttackServer> {
    return AttackServer.listening([createHttpsServer(ca.issue(name))], listener);
  }

  /** Speaks whatever it likes. */
  static async raw(talk: (socket: Socket) => void): Promise<AttackServer> {
    const server = createRawServer(talk);
    return new AttackServer([server], await listen(server, PUBLIC, 0));
  }

  async close(): Promise<void> {
    for (const socket of this.sockets.keys()) socket.destroy();
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  /** Each server on an address of its own, all with the same port. */
  private static async listening(servers: readonly HttpServer[], listener: RequestListener): Promise<AttackServer> {
    let port = 0;
    for (const [at, server] of servers.entries()) port = await listen(server, ADDRESSES[at]!, port);
    const attack = new AttackServer(servers, port);
    for (const server of servers)
      server.on('request', (request, response) => attack.answer(request, response, listener));
    return attack;
  }

  private answer(request: IncomingMessage, response: ServerResponse, listener: RequestListener): void {
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => {
      const { method = '', url = '', headers, socket } = request;
      this.seen.push({ method, url, headers, body, socket: this.sockets.get(socket) ?? -1 });
      listener(request, response);
    });
  }

  private keep(socket: Socket): void {
    this.sockets.set(socket, this.sockets.size);
    socket.on('error', () => {});
  }
}

const ADDRESSES = [PUBLIC, OTHER_PUBLIC];

/** Who vouches for certificates of attack servers. */
export class CertificateAuthority {
  private readonly root = newCertificate({ name: 'attack suite' });

  get certificate(): string {
    return this.root.cert;
  }

  issue(name: string): { readonly key: string; readonly cert: string } {
    return newCertificate({ name, issuer: this.root });
  }
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
