import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A far side on loopback that keeps what it was asked. */
export class Upstream {
  readonly asked: Asked[] = [];
  /** Calls whose connection the other side closed before they were answered. */
  left = 0;

  private constructor(
    readonly port: number,
    private readonly end: () => void,
  ) {}

  static async start(answer: (asked: Asked, response: ServerResponse) => void): Promise<Upstream> {
    const listener: RequestListener = (request, response) => void receive(request, response);
    const server = createServer(listener);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const upstream = new Upstream((server.address() as AddressInfo).port, () => {
      server.close();
      server.closeAllConnections();
    });
    const receive = async (request: IncomingMessage, response: ServerResponse) => {
      response.on('close', () => (upstream.left += response.writableFinished ? 0 : 1));
      let body = '';
      for await (const piece of request) body += String(piece);
      const asked = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
      upstream.asked.push(asked);
      answer(asked, response);
    };
    return upstream;
  }

  url(path = '/'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  close(): void {
    this.end();
  }
}
