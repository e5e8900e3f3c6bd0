import { createHash } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mayGoTo } from './address-guard.js';
import { fetchFile } from './fetch-file.js';

const BODY = Buffer.from('#!/bin/sh\necho engine\n');
const CHECKSUM = `sha256:${createHash('sha256').update(BODY).digest('hex')}`;
const LIMIT = 1_000;

let folder: string;
let server: Server;
let url: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-fetch-'))));
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function serve(listener: RequestListener): Promise<void> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/engine`;
}

function fetchIt(checksum = CHECKSUM): Promise<void> {
  return fetchFile({ url, checksum, file: join(folder, 'deep', 'engine'), mode: 0o755, maxBytes: LIMIT });
}

/** What is left in the folder of the download. */
function files(): readonly string[] {
  return readdirSync(join(folder, 'deep'));
}

describe('fetching a program', () => {
  it('keeps what has the expected digest, and makes it executable then (OC-CONFIG-6025, ORCH-3206)', async () => {
    await serve((_request, response) => response.end(BODY));
    await fetchIt();
    const file = join(folder, 'deep', 'engine');
    expect(readFileSync(file)).toEqual(BODY);
    expect(statSync(file).mode & 0o777).toBe(0o755);
    expect(files()).toEqual(['engine']);
  });

  it.each<[string, RequestListener, RegExp]>([
    ['another digest', (_request, response) => response.end('evil'), /nothing was kept: check the url/],
    ['an error', (_request, response) => response.writeHead(404).end(), /status 404/],
    [
      'half of it',
      (_request, response) => {
        response.writeHead(200, { 'content-length': BODY.length });
        response.write(BODY.subarray(0, 5));
        setImmediate(() => response.destroy());
      },
      /broke off after \d+ bytes/,
    ],
    [
      'too much, as it says',
      (_request, response) => response.writeHead(200, { 'content-length': 2_000 }).end('x'.repeat(2_000)),
      /larger than 1000 bytes/,
    ],
    ['too much, unsaid', (_request, response) => void response.write('x'.repeat(2_000)), /larger than 1000 bytes/],
    [
      'a redirect without end',
      (request, response) => response.writeHead(302, { location: `${request.url}1` }).end(),
      /more than 5 times/,
    ],
    [
      'a redirect to plain HTTP',
      (_request, response) => response.writeHead(302, { location: 'http://example.org/x' }).end(),
      /not https/,
    ],
    [
      'a redirect to a file',
      (_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      /not https/,
    ],
    [
      'a redirect to a metadata service',
      (_request, response) => response.writeHead(302, { location: 'https://169.254.169.254/' }).end(),
      /may not go to/,
    ],
    [
      'a redirect to a private address',
      (_request, response) => response.writeHead(302, { location: 'https://10.0.0.1/' }).end(),
      /may not go to/,
    ],
  ])('keeps nothing of %s (OC-CONFIG-6025, ORCH-3206)', async (_what, listener, message) => {
    await serve(listener);
    await expect(fetchIt()).rejects.toThrow(message);
    expect(files()).toEqual([]);
  });

  it('follows a redirect that stays where it may be (ORCH-3206)', async () => {
    await serve((request, response) => {
      if (request.url === '/engine') response.writeHead(302, { location: '/elsewhere' }).end();
      else response.end(BODY);
    });
    await fetchIt();
    expect(files()).toEqual(['engine']);
  });

  it('leaves the file of an earlier fetch as it was (OC-CONFIG-6025)', async () => {
    let body = BODY;
    await serve((_request, response) => response.end(body));
    await fetchIt();
    body = Buffer.from('evil');
    await expect(fetchIt()).rejects.toThrow('nothing was kept');
    expect(readFileSync(join(folder, 'deep', 'engine'))).toEqual(BODY);
  });
});

describe('where downloads may go', () => {
  beforeEach(() => serve((_request, response) => response.end()));

  it.each([
    ['93.184.216.34', true, true],
    ['2606:2800:220:1::1', true, true],
    ['127.0.0.1', false, true],
    ['10.1.2.3', false, true],
    ['::ffff:10.1.2.3', false, true],
    ['fd12::1', false, true],
    ['0.0.0.0', false, false],
    ['169.254.169.254', false, false],
    ['::ffff:169.254.169.254', false, false],
    ['fe80::1', false, false],
    ['224.0.0.1', false, false],
    ['64:ff9b::a9fe:a9fe', false, false],
    ['no address', false, false],
  ])('%s: %s for everybody, %s for the host that the operator named (ORCH-3206)', (address, any, named) => {
    expect([mayGoTo(address, false), mayGoTo(address, true)]).toEqual([any, named]);
  });
});
