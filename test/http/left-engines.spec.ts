import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MARK } from '../../src/pools/provisioning/run/environment.js';
import { writeRecord } from '../../src/pools/provisioning/run/engine-record.js';
import { bootId } from '../../src/pools/provisioning/run/process-table.js';
import { eventually } from '../support/eventually.js';
import { fakeEngineBinary, isAlive } from '../support/fake-engine-binary/fake-engine-binary.js';
import { startTestApp, type TestApp } from '../support/start-app.js';

let folder: string;
let left: ChildProcess;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-left-'));
  writeFileSync(join(folder, 'tiny.gguf'), 'GGUF');
  left = engineOfADeadDaemon();
});
afterEach(() => {
  left.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function engineOfADeadDaemon(): ChildProcess {
  const mark = 'mark-of-the-left-one';
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore', env: { ...process.env, [MARK]: mark } });
  const engines = join(folder, 'data/engines');
  mkdirSync(engines, { recursive: true });
  writeRecord(engines, {
    ...{ version: 1, pool_id: 'p', replica_id: 'p-0', engine: 'llamacpp', port: 9001, mark, boot: bootId() },
    ...{ pid: child.pid, daemon: { pid: 2 ** 30, started_at: '1' }, command: 'c', since_ms: 1 },
  });
  return child;
}

/** A GPU of 24 GB, of which the engine that was left takes 20 for as long as it lives. */
function driver(): string {
  const path = join(folder, 'nvidia-smi');
  const line = '"0, 1, GPU-aaaa, 24576, $((24576 - used)), 0, 40, 100, 0, RTX 3090"';
  const isThere = `[ -e /proc/${left.pid}/environ ] && [ -s /proc/${left.pid}/cmdline ]`;
  writeFileSync(
    path,
    `#!/bin/sh\nwhile :; do used=0; if ${isThere}; then used=20000; fi; echo ${line} || exit; sleep 0.1; done\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

/** Waits for no pool. */
function start(preload: boolean): Promise<TestApp> {
  const pool = {
    ...{ id: 'p', engine: 'llamacpp', model: `file:${join(folder, 'tiny.gguf')}`, ctx: 512, footprint_gib: 18 },
    ...{ preload, backoff: { initial_ms: 20, max_ms: 50, jitter: 0 } },
    provisioning: { mode: 'binary', binary: { path: fakeEngineBinary(folder) } },
  };
  const gpu = { probe: 'nvidia-smi', interval_ms: 100, options: { command: [driver()], interval_ms: 100 } };
  return startTestApp({ storage: { data_dir: join(folder, 'data') }, gpu, pools: [pool] }, []);
}

describe('An engine that a killed daemon left', () => {
  it('gives its memory back before the engine that takes its place claims it (ORCH-4808)', async () => {
    await (await start(true)).untilReady('p');
    expect(isAlive(left.pid!)).toBe(false);
  });

  it('is ended though nobody asks for its model (ORCH-4808)', async () => {
    await start(false);
    await eventually(() => expect(isAlive(left.pid!)).toBe(false));
  });
});
