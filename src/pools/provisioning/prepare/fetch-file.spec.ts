import { createHash } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Egress } from '../../../egress/egress.js';
import { RowsInMemory } from '../../../egress/attack/rows-in-memory.js';
import { downloadEgress } from '../../../../test/support/download-egress.js';
import { fetchFile } from './fetch-file.js';

const BODY = Buffer.from('#!/bin/sh\necho engine\n');
const CHECKSUM = `sha256:${createHash('sha256').update(BODY).digest('hex')}`;
const LIMIT = 1_000;

let folder: string;
let server: Server;
let url: string;
let egress: Egress;
let audit: RowsInMemory;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-fetch-'));
  audit = new RowsInMemory();
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await egress.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function serve(listener: RequestListener): Promise<void> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  url = `http://127.0.0.1:${port}/engine`;
  egress = downloadEgress({ allow_private: false, ports: [port] }, audit);
}

function fetchIt(checksum = CHECKSUM): Promise<void> {
  return fetchFile({ url, checksum, file: join(folder, 'deep', 'engine'), mode: 0o755, maxBytes: LIMIT }, egress);
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
      /more than 5 redirects/,
    ],
    [
      'a redirect to another port',
      (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:80/x' }).end(),
      /does not let this call out/,
    ],
    [
      'a redirect to a file',
      (_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      /does not let this call out/,
    ],
  ])('keeps nothing of %s (OC-CONFIG-6025, ORCH-3206)', async (_what, listener, message) => {
    await serve(listener);
    await expect(fetchIt()).rejects.toThrow(message);
    expect(files()).toEqual([]);
  });

  it.each(['169.254.169.254', '10.0.0.1', '127.0.0.2'])(
    'does not follow a redirect to %s, on whatever port: only the address of the operator may be private (ORCH-3206)',
    async (host) => {
      await serve((request, response) =>
        response.writeHead(302, { location: `http://${host}:${request.socket.localPort}/` }).end(),
      );
      await expect(fetchIt()).rejects.toThrow('does not let this call out');
      expect(audit.entries.at(-1)?.code).toBe('ADDRESS_NOT_PUBLIC');
    },
  );

  it('follows a redirect that stays where it may be (ORCH-3206)', async () => {
    await serve((request, response) => {
      if (request.url === '/engine') response.writeHead(302, { location: '/elsewhere' }).end();
      else response.end(BODY);
    });
    await fetchIt();
    expect(files()).toEqual(['engine']);
  });

  it('leaves a row for each hop, with the address that was named (ORCH-3206, OC-POLICY-4032)', async () => {
    await serve((request, response) => {
      if (request.url === '/engine') response.writeHead(302, { location: '/elsewhere' }).end();
      else response.end(BODY);
    });
    await fetchIt();
    const asked = audit.entries.filter(({ action }) => action === 'download.request');
    expect(asked.map(({ actor, decision, url: at }) => [actor, decision, new URL(at!).pathname])).toEqual([
      ['system', 'allow', '/engine'],
      ['system', 'allow', '/elsewhere'],
    ]);
    const answered = audit.entries.filter(({ action }) => action === 'download.response');
    expect(answered.map(({ code, url: at }) => [code, new URL(at!).pathname])).toEqual([
      ['HTTP_302', '/engine'],
      ['ALLOWED', '/elsewhere'],
    ]);
    expect(audit.entries).toHaveLength(4);
  });

  it('goes nowhere while egress.enabled is false (ORCH-3206)', async () => {
    let requests = 0;
    await serve((_request, response) => response.end(String((requests += 1))));
    await egress.close();
    egress = downloadEgress({ enabled: false });
    await expect(fetchIt()).rejects.toThrow('does not let this call out');
    expect(requests).toBe(0);
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
