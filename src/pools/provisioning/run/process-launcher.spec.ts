import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EngineAdapter, type EngineEndpoint } from '@llama-orch/plugin-sdk';
import { eventually } from '../../../../test/support/eventually.js';
import { QuietLogger } from '../../../../test/support/quiet-logger.js';
import { parseConfig } from '../../../config/index.js';
import { SystemClock } from '../../../kernel/clock.js';
import { SeededRandom } from '../../../kernel/random.js';
import { Pool } from '../../pool.js';
import { placesOf } from '../places.js';
import { ProcessLauncher } from './process-launcher.js';
import { processOf } from './process-table.js';

const NEVER = new AbortController().signal;
/** Listens on the port that comes after `--port`. */
const SERVER = `require('node:net').createServer().listen(Number(process.argv[2]), '127.0.0.1')`;

let folder: string;
let launcher: ProcessLauncher;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-launcher-'));
  const clock = new SystemClock();
  launcher = new ProcessLauncher({
    clock,
    logger: new QuietLogger(),
    places: placesOf(folder, { HOME: folder }),
    env: { PATH: process.env['PATH'] },
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function poolOf(script: string, provisioning: object = {}): Pool {
  const path = join(folder, 'acme-server');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  const { pools } = parseConfig({
    pools: [
      {
        id: 'a',
        engine: 'acme',
        model: 'm',
        device: 'cpu',
        provisioning: { mode: 'binary', binary: { path }, ...provisioning },
      },
    ],
  });
  const program = {
    name: 'acme-server',
    args: (_: EngineEndpoint, start: { port: number }) => ['--port', String(start.port)],
    reserved: [],
  };
  return new Pool(pools[0]!, {
    program,
    connect: () => Promise.reject(new Error('nobody connects')),
  } satisfies EngineAdapter);
}

function launch(pool: Pool, stop = NEVER) {
  return launcher.launch(pool, pool.replicas[0]!.endpoint, stop);
}

/** Pids that the engines of this test wrote. */
function pids(): readonly number[] {
  return readFileSync(join(folder, 'pids'), 'utf8').trim().split('\n').filter(Boolean).map(Number);
}

function alive(): readonly number[] {
  return pids().filter((pid) => processOf(pid)?.isDead === false);
}

/** This process has the log of an engine of this test open. */
function isLog(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith(join(folder, 'engines'));
  } catch {
    return false;
  }
}

const serves = () => `echo $$ >> ${folder}/pids; exec "${process.execPath}" -e "${SERVER}" -- "$@"`;

describe('a launch', () => {
  it('gives the address of an engine that listens, and takes all of it back (ORCH-3200)', async () => {
    const pool = poolOf(serves());
    const started = await launch(pool);
    expect(started.endpoint.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(readdirSync(join(folder, 'engines'))).toContain('a-0.json');
    await Promise.all([started.end(), started.end()]);
    expect(alive()).toEqual([]);
    expect((await started.lost)?.message).toBe('The engine ended (signal SIGTERM)');
    expect(readdirSync(join(folder, 'engines')).filter((name) => name.endsWith('.json'))).toEqual([]);
  });

  it('called off at any moment leaves no process (ORCH-4808)', async () => {
    const pool = poolOf(serves());
    writeFileSync(join(folder, 'pids'), '');
    const random = new SeededRandom(7);
    for (let round = 0; round < 20; round++) {
      const stop = new AbortController();
      const cancel = new SystemClock().schedule(random.next() * 80, () => stop.abort());
      const started = await launch(pool, stop.signal).catch(() => undefined);
      await started?.end();
      cancel();
      expect(alive()).toEqual([]);
    }
    const stop = new AbortController();
    const before = pids().length;
    const launched = launch(pool, stop.signal).catch(() => undefined);
    await eventually(() => expect(pids().length).toBeGreaterThan(before));
    stop.abort();
    await (await launched)?.end();
    expect(alive()).toEqual([]);
  });

  it('of an engine that ends before it listens tells how it ended (ORCH-3038)', async () => {
    await expect(launch(poolOf('echo "error: no such flag" >&2; exit 7'))).rejects.toMatchObject({
      code: 'reset',
      reason: 'engine_exited',
      message: 'The engine ended (exit code 7); it wrote: error: no such flag',
    });
  });

  it('shows no output of an engine that has served: it may hold words of callers (ORCH-3038)', async () => {
    const pool = poolOf(`${serves()} &\nread x < ${folder}/go; echo "error: the secret prompt" >&2; exit 1`);
    const fifo = join(folder, 'go');
    execFileSync('mkfifo', [fifo]);
    const started = await launch(pool);
    started.loaded?.();
    writeFileSync(fifo, 'x\n');
    expect((await started.lost)?.message).toBe('The engine ended (exit code 1)');
    await eventually(() => expect(alive()).toEqual([]));
    await started.end();
  });

  it('that the system refuses leaves neither a record nor a descriptor (ORCH-4808)', async () => {
    const entries = Array.from({ length: 1000 }, (_, index) => [`VARIABLE_${index}`, 'x'.repeat(4096)]);
    const pool = poolOf(serves(), { env: Object.fromEntries(entries) });
    await expect(launch(pool)).rejects.toMatchObject({ reason: 'refused', message: expect.stringContaining('E2BIG') });
    expect(readdirSync(join(folder, 'engines')).filter((name) => name.endsWith('.json'))).toEqual([]);
    expect(readdirSync('/proc/self/fd').filter((fd) => isLog(Number(fd)))).toEqual([]);
  });

  it('where nothing can be written says so without a path (HME-032)', async () => {
    writeFileSync(join(folder, 'engines'), 'a file where the folder should be');
    const failure = await launch(poolOf(serves())).catch((error: Error) => error.message);
    expect(failure).toMatch(/^the engine of pool a cannot be started \(E\w+\); look at the disk/);
    expect(failure).not.toContain(folder);
  });
});
