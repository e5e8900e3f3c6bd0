import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { completion, mockPool } from '../support/start-app.js';

const CYCLES = 5;

/** From now on files of a process may not grow beyond this, which every write is told as by a disk without space. */
function limitFiles(pid: number, bytes: number | 'unlimited'): void {
  execFileSync('prlimit', [`--pid=${pid}`, `--fsize=${bytes}:unlimited`]);
}

describe('A disk without space', () => {
  let daemon: Daemon;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'llama-orch-full-'));
    daemon = await Daemon.start({ storage: { data_dir: folder }, pools: [mockPool()] });
  });
  afterAll(async () => {
    await daemon.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  const status = async (path: string) => (await fetch(`${daemon.url}${path}`)).status;

  async function submit() {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(completion());
    const response = await fetch(`${daemon.url}/v1/tasks`, { method: 'POST', headers, body });
    return { status: response.status, body: (await response.json()) as { code?: string; message?: string } };
  }

  it(`refuses new tasks, lets reads and probes go on, and is over without a restart, ${CYCLES} times (ORCH-4808)`, async () => {
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      await eventually(async () => expect(await status('/readyz')).toBe(200));
      expect((await submit()).status).toBe(202);
      limitFiles(daemon.pid, 1);
      const refused = await submit();
      expect([refused.status >= 500, refused.body.code]).toEqual([true, 'INTERNAL']);
      expect(refused.body.message).toMatch(/operator/);
      expect(refused.body.message).not.toContain(folder);
      expect(await Promise.all(['/livez', '/readyz', '/v1/pools', '/metrics'].map(status))).toEqual([
        200, 503, 200, 200,
      ]);
      limitFiles(daemon.pid, 'unlimited');
    }
    await eventually(async () => expect(await status('/readyz')).toBe(200));
    daemon.signal('SIGTERM');
    expect(await daemon.exit()).toBe(0);
  }, 300_000);
});
