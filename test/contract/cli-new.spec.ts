import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PoolHealth } from '@llama-orch/client';
import { runCli } from '../../src/cli/main.js';
import { careForAudit } from '../../src/audit-check.js';
import { careForBackups } from '../../src/backup.js';
import { careForPolicies } from '../../src/policy.js';
import { careForEngines } from '../../src/engine.js';
import { selfTest } from '../../src/self-test.js';
import { simulate } from '../../src/simulate.js';
import { eventually } from '../support/eventually.js';
import { startTestApp } from '../support/start-app.js';
import { TestIo } from './support/test-io.js';

const READY = `return { state: 'ready' };`;

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-new-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function cli(...argv: string[]): Promise<{ code: number; io: TestIo }> {
  const io = new TestIo({ env: { HOME: folder }, cwd: folder });
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

/** Runs the test of a package as its author does; what one failure says, and how many there are. */
function ownTest(name: string): { code: number | null; output: string; failures: number } {
  const { status, stdout } = spawnSync(process.execPath, ['--test', '--test-reporter=tap'], {
    ...{ cwd: join(folder, name), encoding: 'utf8', env: {} },
  });
  return { code: status, output: stdout, failures: Number(/^# fail (\d+)$/m.exec(stdout)?.[1]) };
}

/** Writes a member of the scaffold's connection: what stands there throws. */
function fillIn(name: string, member: string, body: string): void {
  const file = join(folder, name, 'src/index.mjs');
  const text = readFileSync(file, 'utf8');
  const scaffold = new RegExp(`${member}\\(\\) \\{\n {6}throw step\\(.*?\n {6}\\);`, 's');
  expect(text).toMatch(scaffold);
  writeFileSync(file, text.replace(scaffold, `${member}(request, signal) {\n${body}`));
}

describe('llama-orch new engine', () => {
  it('makes a package whose test fails with the sentence that says what to do first (ORCH-4507, HME-032)', async () => {
    const { code, io } = await cli('new', 'engine', 'acme');
    expect(code).toBe(0);
    expect(io.out).toMatch(/\n {2}cd acme\n {2}node --test\n/);
    const test = ownTest('acme');
    expect(test).toMatchObject({ code: 1, failures: 1 });
    expect(test.output).toContain('Step 1 of 3, in src/index.mjs: write health: ask the engine whether its model');
    expect(test.output).toContain('set ACME_URL for the test');
  });

  it('leads from step to step, until the checks take over (ORCH-4507)', async () => {
    await cli('new', 'engine', 'acme');
    fillIn('acme', 'health', READY);
    expect(ownTest('acme')).toMatchObject({ failures: 1, output: expect.stringContaining('Step 2 of 3') });
    fillIn(
      'acme',
      'describe',
      `return { engineVersion: '1', slots: 2, contextTokens: 512, workloads: ['completion'], determinism: 'exact',
        seedBits: 32, features: { params: ['temperature', 'top_p', 'top_k'], chat: false } };`,
    );
    expect(ownTest('acme')).toMatchObject({ failures: 1, output: expect.stringContaining('Step 3 of 3') });
    fillIn('acme', 'generate', `yield [{ type: 'token', text: 'hello' }];`);
    const { failures, output } = ownTest('acme');
    expect(failures).toBe(1);
    expect(output).toContain('An answer had 0 end events; yield exactly one.');
  });

  it('makes a package that the daemon loads; its pool says what is left to do (ORCH-4701)', async () => {
    await cli('new', 'engine', 'acme');
    fillIn('acme', 'health', READY);
    const app = await startTestApp(
      {
        plugins: [{ package: join(folder, 'acme') }],
        pools: [{ id: 'acme', engine: 'acme', model: 'acme', device: 'cpu' }],
      },
      [],
    );
    const { body } = await app.call<{ items: object[] }>('/v1/plugins');
    expect(body.items).toContainEqual(expect.objectContaining({ kind: 'engine-adapter', id: 'acme', state: 'loaded' }));
    await eventually(async () => {
      const { body: health } = await app.call<PoolHealth>('/v1/pools/acme/health');
      expect(health).toMatchObject({ ready: false, last_error: { message: expect.stringContaining('Step 2 of 3') } });
    });
  });

  it('answers with one document, for any name and place (ORCH-4806)', async () => {
    const { io } = await cli('new', 'engine', 'my-own-2', '--dir', 'some where/it', '--json');
    expect(io.json).toEqual({
      schema_version: 1,
      id: 'my-own-2',
      folder: join(folder, 'some where/it'),
      files: ['README.md', 'package.json', 'src/index.mjs', 'test/conformance.test.mjs'],
      next: [`cd 'some where/it'`, 'node --test'],
    });
    const made = join(folder, 'some where/it');
    expect(JSON.parse(readFileSync(join(made, 'package.json'), 'utf8'))).toMatchObject({
      name: 'llama-orch-engine-my-own-2',
      llamaOrch: { kind: 'engine-adapter', id: 'my-own-2', apiVersion: '^1.0.0' },
      peerDependencies: { '@llama-orch/plugin-sdk': '^0.1.0' },
    });
    expect(ownTest('some where/it')).toMatchObject({ failures: 1, output: expect.stringContaining('MY_OWN_2_URL') });
  });

  it('leaves folders alone that are there already (ORCH-4804, HME-032)', async () => {
    mkdirSync(join(folder, 'acme'));
    const { code, io } = await cli('new', 'engine', 'acme');
    expect({ code, err: io.err }).toEqual({
      code: 2,
      err: `error: ${join(folder, 'acme')} is there already; choose another place with --dir, or another name\n`,
    });
    expect(readdirSync(join(folder, 'acme'))).toEqual([]);
  });

  it.each([
    ['Acme Engine', 'did you mean acme-engine?'],
    ['9lives', 'did you mean lives?'],
    ['../acme', 'did you mean acme?'],
    ['東', 'choose another, such as acme'],
    ['vllm', 'the engine vllm comes with llama-orch; choose another name, such as my-vllm'],
  ])('refuses the name %s and offers another (ORCH-4804, HME-032)', async (name, hint) => {
    const { code, io } = await cli('new', 'engine', name);
    expect({ code, err: io.err }).toEqual({ code: 2, err: expect.stringContaining(hint) });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('offers nothing that it cannot make (ORCH-4804)', async () => {
    expect(await cli('new', 'placement', 'mine')).toMatchObject({
      code: 2,
      io: { err: expect.stringContaining('unknown') },
    });
    expect((await cli('new', 'engin', 'mine')).io.err).toContain('Did you mean engine?');
  });
});
