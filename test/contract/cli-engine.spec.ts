import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../../src/cli/main.js';
import { engineFindings } from '../../src/cli/doctor/engines.js';
import { parseConfig } from '../../src/config/index.js';
import { careForAudit } from '../../src/audit-check.js';
import { careForBackups } from '../../src/backup.js';
import { careForPolicies } from '../../src/policy.js';
import { careForEngines } from '../../src/engine.js';
import { selfTest } from '../../src/self-test.js';
import { simulate } from '../../src/simulate.js';
import { startTestApp } from '../support/start-app.js';
import { fakeEngineBinary } from '../support/fake-engine-binary/fake-engine-binary.js';
import { TestIo } from './support/test-io.js';

const PROGRAM = '#!/bin/sh\n';
const CHECKSUM = `sha256:${createHash('sha256').update(PROGRAM).digest('hex')}`;

let folder: string;
let server: Server;
let asked: number;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-cli-engine-'));
  asked = 0;
  server = createServer((_request, response) => {
    asked++;
    response.end(PROGRAM);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

async function cli(...argv: string[]): Promise<{ code: number; io: TestIo }> {
  const io = new TestIo({ env: { HOME: folder, PATH: process.env['PATH'] ?? '' }, cwd: folder });
  const code = await runCli(argv, {
    io,
    serve: () => Promise.resolve(0),
    simulate,
    selfTest,
    engine: careForEngines,
    audit: careForAudit,
    backup: careForBackups,
    policy: careForPolicies,
  });
  return { code, io };
}

function write(provisioning: object = {}, more: object = {}): void {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/llama-server`;
  const given = {
    mode: 'binary',
    engine_version: 'b1',
    allow_binary_downloads: true,
    binary: { url, checksum: CHECKSUM },
  };
  const pool = { id: 'chat', engine: 'llamacpp', model: 'file:/w/m.gguf', device: 'cpu' };
  const config = {
    storage: { data_dir: './data' },
    pools: [{ ...pool, provisioning: { ...given, ...provisioning } }],
    ...more,
  };
  writeFileSync(join(folder, 'llama-orch.yaml'), JSON.stringify(config));
}

const installed = () => join(folder, '.cache/llama-orch/llamacpp', CHECKSUM.slice(7, 19), 'llama-server');

describe('llama-orch engine', () => {
  it('plans without doing anything, the same each time (ORCH-3207, ORCH-4804)', async () => {
    write();
    const [one, two] = [await cli('engine', 'plan', 'chat', '--json'), await cli('engine', 'plan', 'chat', '--json')];
    expect(one.io.out).toBe(two.io.out);
    expect(one.io.json).toMatchObject({
      pool_id: 'chat',
      steps: [
        { kind: 'binary-fetch', detail: expect.stringContaining(installed()), commands: [] },
        { kind: 'run', commands: [expect.arrayContaining([installed(), '--port', '<free port>'])] },
      ],
    });
    expect(asked).toBe(0);
    expect((await cli('engine', 'plan')).io.out).toMatch(/^pool chat\n {2}binary-fetch: fetch/);
  });

  it('gets what is missing, once, and writes a log (ORCH-3200, ORCH-3207, OC-CONFIG-6025)', async () => {
    write();
    expect((await cli('engine', 'status', 'chat')).io.out).toMatch(/binary-fetch +missing/);
    const { code, io } = await cli('engine', 'up', 'chat');
    expect({ code, out: io.out }).toEqual({
      code: 0,
      out: 'the engine of pool chat is ready to be started by: llama-orch serve\n',
    });
    expect(readFileSync(installed(), 'utf8')).toBe(PROGRAM);
    expect(readFileSync(join(folder, 'data/engines/chat.provisioning.log'), 'utf8')).toContain('binary-fetch: fetch');
    expect((await cli('engine', 'up', 'chat', '--json')).io.json).toMatchObject({
      steps: [
        { kind: 'binary-fetch', state: 'done' },
        { kind: 'run', state: 'at-start' },
      ],
    });
    expect(asked).toBe(1);
  });

  it.each([
    [{ allow_binary_downloads: false }, {}, 'provisioning.allow_binary_downloads is false'],
    [{}, { egress: { enabled: false } }, 'egress.enabled is false'],
  ])('downloads nothing with %j and %j (ORCH-3206)', async (provisioning, more, reason) => {
    write(provisioning, more);
    const { code, io } = await cli('engine', 'up', 'chat');
    expect(code).toBe(1);
    expect(io.err).toContain(`binary-fetch of pool chat is refused: ${reason}`);
    expect((await cli('engine', 'plan')).io.out).toContain(`refused: ${reason}`);
    expect(asked).toBe(0);
    expect(existsSync(installed())).toBe(false);
  });

  it('refuses pools that are not there, or have engines elsewhere (ORCH-4804, HME-032)', async () => {
    write();
    expect(await cli('engine', 'up', 'chta')).toMatchObject({
      code: 2,
      io: { err: expect.stringContaining('did you mean chat?') },
    });
    writeFileSync(join(folder, 'llama-orch.yaml'), 'pools: [{ id: haiku, engine: embedded, model: haiku-nano }]');
    expect((await cli('engine', 'up', 'haiku')).io.err).toContain('pool haiku has no provisioning');
    expect((await cli('engine', 'plan')).io.out).toBe('no pool has provisioning\n');
  });

  it('shows an engine that runs, and does not end it under its daemon (ORCH-4808)', async () => {
    write({ binary: { path: fakeEngineBinary(folder) } });
    expect((await cli('engine', 'down', 'chat')).io.out).toBe('no engine of pool chat is left\n');
    writeFileSync(join(folder, 'm.gguf'), 'GGUF');
    const config = JSON.parse(readFileSync(join(folder, 'llama-orch.yaml'), 'utf8')) as { pools: [{ id: string }] };
    const [pool] = config.pools;
    await startTestApp({
      storage: { data_dir: join(folder, 'data') },
      pools: [{ ...pool, model: `file:${join(folder, 'm.gguf')}`, ctx: 512 }],
    });
    expect((await cli('engine', 'status', 'chat', '--json')).io.json).toMatchObject({
      engines: [{ replica_id: 'chat-0', state: 'running', daemon_pid: process.pid, port: expect.any(Number) }],
    });
    const { code, io } = await cli('engine', 'down', 'chat');
    expect(code).toBe(1);
    expect(io.err).toContain(`the daemon with process ${process.pid} runs the engine of pool chat`);
  });
});

describe('llama-orch doctor', () => {
  it('finds engines that other machines reach (HME-032)', () => {
    const { pools, ...rest } = parseConfig({
      pools: [
        { id: 'a', engine: 'llamacpp', model: 'm', endpoint: 'http://127.0.0.1:8081' },
        { id: 'b', engine: 'llamacpp', model: 'm', endpoint: 'http://127.0.0.1:8082' },
        { id: 'c', engine: 'llamacpp', model: 'm', endpoint: 'http://10.0.0.1:8081' },
      ],
    });
    const tables = [
      'sl local rem st\n 0: 00000000:1F91 00000000:0000 0A x\n 1: 0100007F:1F92 00000000:0000 0A x\n',
      'sl local rem st\n 0: 00000000000000000000000000000000:1F92 0:0 01 x\n',
    ];
    expect(engineFindings({ ...rest, pools }, tables).map(({ check, detail }) => `${check}: ${detail}`)).toEqual([
      'engine of pool a: port 8081 is open to other machines, without a key',
    ]);
  });

  it('looks at the programs of engines (HME-032)', async () => {
    write({ binary: { path: '/nowhere/llama-server' } });
    const { code, io } = await cli('doctor');
    expect(code).toBe(1);
    expect(io.out).toMatch(/FAILED +engine of pool chat: \/nowhere\/llama-server is not there/);
    const program = fakeEngineBinary(folder);
    write({ binary: { path: program } });
    expect((await cli('doctor')).io.out).toContain(`engine of pool chat: ${program}`);
  });
});
