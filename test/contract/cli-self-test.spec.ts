import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../../src/cli/main.js';
import { careForAudit } from '../../src/audit-check.js';
import { careForBackups } from '../../src/backup.js';
import { careForPolicies } from '../../src/policy.js';
import { careForEngines } from '../../src/engine.js';
import { selfTest } from '../../src/self-test.js';
import { simulate } from '../../src/simulate.js';
import { TestIo } from './support/test-io.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-self-test-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const MOCK = { engine: 'mock', model: 'm', allow_mock: true };

/** `llama-orch serve --self-test` with these pools; a daemon that serves is a mistake. */
async function selfTested(pools: readonly object[], ...argv: readonly string[]): Promise<{ code: number; io: TestIo }> {
  const config = join(folder, 'llama-orch.yaml');
  writeFileSync(config, JSON.stringify({ storage: { data_dir: join(folder, 'data') }, pools }));
  const io = new TestIo({ cwd: folder });
  const serve = () => Promise.reject(new Error('a self-test serves nobody'));
  const args = ['serve', '--self-test', '--config', config, ...argv];
  return {
    code: await runCli(args, {
      io,
      serve,
      selfTest,
      simulate,
      engine: careForEngines,
      audit: careForAudit,
      backup: careForBackups,
      policy: careForPolicies,
    }),
    io,
  };
}

describe('llama-orch serve --self-test', () => {
  it('tests every pool, also those on demand, prints a table and ends with 0 (ORCH-3049, ORCH-4804)', async () => {
    const { code, io } = await selfTested([
      { ...MOCK, id: 'one', replicas: 2 },
      { ...MOCK, id: 'two', preload: false },
    ]);
    expect([code, io.err]).toEqual([0, '']);
    const lines = io.out.trim().split('\n');
    expect(lines[0]).toMatch(/^REPLICA +TEST +RESULT +TIME +REASON$/);
    const rows = lines.slice(1).map((line) => line.split(/ +/).slice(0, 3).join(' '));
    const tests = ['preload', 'decode', 'cancel', 'telemetry'];
    expect(rows).toEqual(['one-0', 'one-1', 'two-0'].flatMap((id) => tests.map((test) => `${id} ${test} ok`)));
  });

  it('names what failed and why, and ends with 1 (ORCH-3049)', async () => {
    const broken = { id: 'broken', engine: 'embedded', model: `file:${join(folder, 'nowhere.gguf')}` };
    const { code, io } = await selfTested([{ ...MOCK, id: 'one' }, broken]);
    expect(code).toBe(1);
    expect(io.out).toMatch(/broken-0 +preload +failed .*nowhere\.gguf/);
    expect(io.out).toMatch(/one-0 +telemetry +ok/);
    expect(io.out).not.toContain(folder);
  });

  it('answers programs with one document (ORCH-3049, ORCH-4804)', async () => {
    const { code, io } = await selfTested([{ ...MOCK, id: 'one' }], '--json');
    const document = JSON.parse(io.out) as { replicas: { tests: unknown[] }[] };
    expect(document).toMatchObject({
      schema_version: 1,
      replicas: [{ pool_id: 'one', replica_id: 'one-0', ok: true }],
    });
    expect([code, document.replicas[0]!.tests.length]).toEqual([0, 4]);
  });

  it('refuses a wrong config as serve does (OC-CONFIG-6001)', async () => {
    const { code, io } = await selfTested([{ ...MOCK, id: 'one', slotz: 1 }]);
    expect(code).toBe(78);
    expect(io.err).toContain('slotz');
  });
});
