import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { PUBLIC } from '../../../src/egress/attack/test-network.js';

/** An HTTP proxy that notes what it is asked and leads where a test says. */
export class ProxyServer {
  readonly asked: { readonly target: string; readonly host: string; readonly authorization: string | undefined }[] = [];
  /** Said in place of connecting. */
  says: string | undefined;
  private readonly ports = new Map<string, number>();
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {
    server.on('connection', (socket) => this.serve(socket));
  }

  static async start(): Promise<ProxyServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ProxyServer(server, (server.address() as AddressInfo).port);
  }

  /** Connects to the port of an attack server where `target` is asked for. */
  leads(target: string, port: number): void {
    this.ports.set(target, port);
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(socket: Socket): void {
    this.keep(socket);
    socket.once('data', (piece) => {
      const head = piece.toString('latin1');
      const [, target = ''] = /^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(head) ?? [];
      const valueOf = (name: string) => new RegExp(`^${name}: (.*)\r$`, 'im').exec(head)?.[1];
      this.asked.push({ target, host: valueOf('host') ?? '', authorization: valueOf('proxy-authorization') });
      if (this.says === undefined) this.connect(socket, target);
      else socket.end(this.says);
    });
  }

  private connect(socket: Socket, target: string): void {
    const port = this.ports.get(target);
    if (port === undefined) return void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    const far = connect(port, PUBLIC, () => {
      socket.write('HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n');
      far.pipe(socket).pipe(far);
    });
    this.keep(far);
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.sockets.delete(socket));
  }
}
