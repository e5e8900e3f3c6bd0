import { type RequestListener } from 'node:http';
import { type Socket } from 'node:net';
import { type Writable } from 'node:stream';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { SystemClock } from '../../../kernel/clock.js';
import { type OutboundCall } from '../../egress.js';
import { AttackServer } from '../attack-server.js';
import { type Scenario, told } from '../scenario.js';
import { SILENT } from '../test-network.js';

const clock = new SystemClock();
const MIB = 1024 * 1024;
const BOMB = 50 * MIB;
const SOON_MS = 300;
/** For what ends by itself, on machines that are busy. */
const LATE_MS = 10_000;

function answer(
  row: number,
  name: string,
  expected: string,
  listener: RequestListener,
  members: Partial<OutboundCall> = {},
): Scenario {
  return {
    row,
    name,
    expected,
    async run(stage) {
      const { rig } = await stage.web(listener);
      return told(await rig.call({ url: 'http://start.test/', ...members }));
    },
  };
}

function talk(row: number, name: string, expected: string, speak: (socket: Socket) => void): Scenario {
  return {
    row,
    name,
    expected,
    async run(stage) {
      const server = await stage.serve(AttackServer.raw((socket) => void socket.once('data', () => speak(socket))));
      const rig = stage.rig({ ports: { 80: server.port } });
      const timeoutMs = expected === 'failed: timeout' ? SOON_MS : LATE_MS;
      return told(await rig.call({ url: 'http://start.test/', timeoutMs }));
    },
  };
}

function bomb(encoding: string, pack: (bytes: Buffer) => Uint8Array): Scenario[] {
  let packed: Uint8Array | undefined;
  const send: RequestListener = (_request, response) => {
    packed ??= pack(Buffer.alloc(BOMB));
    response.writeHead(200, { 'content-encoding': encoding }).end(packed);
  };
  return [
    answer(58, `a bomb in ${encoding}`, 'failed: too_large', send, { maxBytes: 2 * BOMB, timeoutMs: LATE_MS }),
    answer(58, `a bomb in ${encoding}, read up to its cap`, `cut at ${MIB / 2}`, send, {
      maxBytes: MIB / 2,
      timeoutMs: LATE_MS,
    }),
  ];
}

/** Writes a byte again and again. */
function drip(to: Writable, everyMs: number): void {
  clock.schedule(everyMs, () => {
    if (to.destroyed) return;
    to.write('x');
    drip(to, everyMs);
  });
}

/** Rows 58 to 62: what a far side can answer. */
export const RESPONSES: readonly Scenario[] = [
  ...bomb('gzip', gzipSync),
  ...bomb('br', (bytes) => brotliCompressSync(bytes, { params: { 1: 5 } })),
  ...bomb('zstd', zstdCompressSync),
  answer(59, 'gzip in gzip', 'failed: protocol', (_request, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end(gzipSync(gzipSync('x'))),
  ),
  answer(59, 'an encoding that nobody knows', 'failed: protocol', (_request, response) =>
    response.writeHead(200, { 'content-encoding': 'compress' }).end('x'),
  ),
  answer(60, 'an endless body', 'cut at 1048576', (_request, response) => {
    const piece = Buffer.alloc(64 * 1024);
    const more = () => {
      while (!response.destroyed && response.write(piece));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  }),
  answer(
    61,
    'one byte at a time',
    'failed: timeout',
    (_request, response) => {
      drip(response, 50);
    },
    { timeoutMs: SOON_MS },
  ),
  answer(62, 'a head that does not come', 'failed: timeout', () => {}, { timeoutMs: SOON_MS }),
  talk(62, 'a head that comes one byte at a time', 'failed: timeout', (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nx-slow: ');
    drip(socket, 20);
  }),
  talk(62, 'a head of a megabyte', 'failed: too_large', (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nx-large: ${'x'.repeat(MIB)}\r\n\r\n`);
  }),
  talk(62, 'a thousand headers', 'failed: too_large', (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(1_000)}content-length: 0\r\n\r\n`);
  }),
  talk(62, 'interim answers without end', 'failed: protocol', (socket) => {
    socket.write('HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'.repeat(1_000));
  }),
  talk(62, 'no HTTP at all', 'failed: protocol', (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')),
  {
    row: 62,
    name: 'a connection that does not come about',
    expected: `failed: timeout by ${SILENT}:80`,
    async run(stage) {
      const rig = stage.rig({ isHasty: true });
      return `${told(await rig.call({ url: 'http://silent.test/' }))} by ${rig.network.dialled.join()}`;
    },
  },
];
