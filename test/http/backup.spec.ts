import { execFile } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from '@llama-orch/client';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { mockPool } from '../support/start-app.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TASK = {
  workload: 'completion',
  model_ref: 'mock-model',
  priority: 'interactive',
  prompt: 'a frog',
  max_tokens: 16,
} as const;
const PLAN = { kind: 'plan', content: { title: 'frog' } } as const;

/** Each command is a process that starts, and the machine may be busy. */
const MANY_PROCESSES_MS = 180_000;

let folder: string;
let data: string;
let env: Record<string, string>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-backup-'));
  data = join(folder, 'data');
  mkdirSync(join(folder, 'bin'));
  const command = join(folder, 'bin', 'llama-orch');
  writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'bin', 'llama-orch.mjs')}" "$@"\n`);
  chmodSync(command, 0o755);
  const config = join(folder, 'llama-orch.yaml');
  writeFileSync(config, JSON.stringify({ pools: [mockPool()] }));
  env = {
    PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
    ...{ HOME: folder, LLORCH_CONFIG: config, LLORCH_DATA_DIR: data, BACKUPS: join(folder, 'backups') },
  };
  mkdirSync(env['BACKUPS']!);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const start = () => Daemon.start(env['LLORCH_CONFIG']!, env);
const sh = (line: string, more: object = {}) =>
  run('/bin/sh', ['-ec', line], { cwd: folder, env: { ...env, ...more } });

/** What a command printed that failed. */
async function refusalOf(line: string): Promise<string> {
  return sh(line).then(
    ({ stdout }) => `it did not fail: ${stdout}`,
    (error: { stderr: string }) => error.stderr,
  );
}

/** A daemon that has done something, and what it has done. */
async function used() {
  const daemon = await start();
  const client = new Client({ url: daemon.url });
  await eventually(() => client.submit(TASK));
  const { id: artifact } = await client.createArtifact(PLAN);
  return { daemon, client, artifact };
}

async function stop(daemon: Daemon): Promise<void> {
  daemon.signal('SIGTERM');
  expect(await daemon.exit()).toBe(0);
}

describe('a backup', () => {
  it(
    'brings back what was there, as the drill of the guide does it (HME-051, ORCH-4808)',
    async () => {
      const { daemon, artifact } = await used();
      await stop(daemon);
      const guide = readFileSync(join(ROOT, 'docs', 'backup.md'), 'utf8');
      const [, drill] = /^## Drill$[^]*?^```sh$([^]*?)^```$/m.exec(guide)!;
      const { stdout } = await sh(drill!);
      expect(stdout).toContain('the audit is as it was written');
      expect(existsSync(`${data}.away`)).toBe(true);
      const again = await start();
      const { content } = await new Client({ url: again.url }).artifact(artifact);
      expect(content).toEqual(PLAN.content);
      await stop(again);
    },
    MANY_PROCESSES_MS,
  );

  it(
    'is taken while the daemon goes on, and holds what was acknowledged before (HME-051)',
    async () => {
      const { daemon, client, artifact } = await used();
      const { stdout } = await sh(`llama-orch --json backup "$BACKUPS/live"`, { LLORCH_URL: daemon.url });
      expect(JSON.parse(stdout)).toMatchObject({ source: 'daemon', bad_artifacts: 0, audit_ok: true });
      expect(readdirSync(join(data, 'snapshots'))).toEqual([]);
      expect(await refusalOf('llama-orch restore --force "$BACKUPS/live"')).toContain('a llama-orch runs on');
      await client.submit(TASK);
      daemon.signal('SIGKILL');
      await daemon.exit();
      const { stdout: restored } = await sh('llama-orch --json restore --force "$BACKUPS/live"');
      const { moved_aside: aside } = JSON.parse(restored) as { moved_aside: string[] };
      expect(aside.map((path) => existsSync(join(path, 'store.db')))).toEqual([true]);
      const again = await start();
      expect((await new Client({ url: again.url }).artifact(artifact)).content).toEqual(PLAN.content);
      await stop(again);
    },
    MANY_PROCESSES_MS,
  );

  it(
    'is used whole or not at all, and overwrites nothing unasked (HME-051)',
    async () => {
      const { daemon } = await used();
      await stop(daemon);
      await sh('llama-orch backup "$BACKUPS/good"');
      expect(await refusalOf('llama-orch backup "$BACKUPS/good"')).toContain('is not empty');
      expect(await refusalOf('llama-orch restore "$BACKUPS/good"')).toContain('is not empty');
      const manifest = JSON.parse(readFileSync(join(env['BACKUPS']!, 'good', 'manifest.json'), 'utf8')) as {
        files: { path: string }[];
      };
      const artifact = manifest.files.find(({ path }) => path.startsWith('artifacts/'))!.path;
      const harms: readonly [says: string, harm: (at: string) => void][] = [
        ['is not what was backed up', (at) => appendFileSync(join(at, 'store.db'), 'x')],
        ['is not what was backed up', (at) => writeFileSync(join(at, artifact), 'x')],
        ['is missing', (at) => rmSync(join(at, artifact))],
        ['is not in the manifest', (at) => writeFileSync(join(at, 'audit', 'more'), 'x')],
        ['cannot be used', (at) => writeFileSync(join(at, 'manifest.json'), rewritten({ path: 'keys/../../x' }))],
        ['cannot be used', (at) => writeFileSync(join(at, 'manifest.json'), rewritten({ path: '/etc/passwd' }))],
        ['no readable manifest.json', (at) => rmSync(join(at, 'manifest.json'))],
      ];
      const rewritten = (more: object) =>
        JSON.stringify({ ...manifest, files: [...manifest.files, { ...manifest.files[0], ...more }] });
      rmSync(data, { recursive: true });
      for (const [says, harm] of harms) {
        const at = join(env['BACKUPS']!, 'bad');
        cpSync(join(env['BACKUPS']!, 'good'), at, { recursive: true });
        harm(at);
        expect(await refusalOf('llama-orch restore "$BACKUPS/bad"')).toContain(says);
        expect(existsSync(data)).toBe(false);
        rmSync(at, { recursive: true });
      }
      expect(readdirSync(folder).filter((name) => name.includes('restoring'))).toEqual([]);
    },
    MANY_PROCESSES_MS,
  );
});
