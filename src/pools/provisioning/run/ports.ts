import { connect, createServer, type AddressInfo } from 'node:net';
import { type Clock } from '../../../kernel/clock.js';
import { pause } from '../../wait.js';

const HOST = '127.0.0.1';
const LOOK_EVERY_MS = 50;

/** A port that nobody has at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen({ host: HOST, port: 0, exclusive: true }, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** True when the port can be bound on loopback now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen({ host: HOST, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Waits until somebody listens on the port, or `stop` is aborted. */
export async function untilListening(port: number, clock: Clock, stop: AbortSignal): Promise<void> {
  while (!stop.aborted && !(await answers(port))) await pause(LOOK_EVERY_MS, clock, stop);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port });
    const settle = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}
