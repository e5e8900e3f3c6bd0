import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';

/** A server that is no engine, on 127.0.0.1. */
export interface WrongServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Answers every request with the same page. */
export async function startPage(html: string, status = 200): Promise<WrongServer> {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'text/html' });
    response.end(html);
  });
  return listening(server);
}

/** Greets as an SSH server does and hangs up. */
export async function startSshBanner(): Promise<WrongServer> {
  return listening(
    createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume().end('SSH-2.0-OpenSSH_9.9\r\n');
    }),
  );
}

async function listening(server: Server): Promise<WrongServer> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => void (await new Promise((resolve) => server.close(resolve))),
  };
}
