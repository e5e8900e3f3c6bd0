import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { runCli, type ServeFlags } from '../../src/cli/main.js';
import { fileLimitFinding, nodeFinding } from '../../src/cli/doctor/machine.js';
import { careForAudit } from '../../src/audit-check.js';
import { careForBackups } from '../../src/backup.js';
import { careForPolicies } from '../../src/policy.js';
import { careForEngines } from '../../src/engine.js';
import { selfTest } from '../../src/self-test.js';
import { simulate } from '../../src/simulate.js';
import { parseConfig } from '../../src/config/index.js';
import { keyMatches } from '../../src/kernel/key-hash.js';
import { TestIo } from './support/test-io.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-cli-'))));
afterEach(() => rmSync(folder, { recursive: true }));

async function cli(argv: readonly string[], served: ServeFlags[] = []): Promise<{ code: number; io: TestIo }> {
  const env = { HOME: folder, XDG_CONFIG_HOME: folder, LLORCH_URL: 'http://127.0.0.1:9' };
  const io = new TestIo({ env, cwd: folder });
  const serve = (flags: ServeFlags): Promise<number> => Promise.resolve(served.push(flags)).then(() => 73);
  return {
    code: await runCli(argv, {
      io,
      serve,
      simulate,
      selfTest,
      engine: careForEngines,
      audit: careForAudit,
      backup: careForBackups,
      policy: careForPolicies,
    }),
    io,
  };
}

function write(config: string): void {
  writeFileSync(join(folder, 'llama-orch.yaml'), config);
}

describe('llama-orch serve', () => {
  it('hands its flags over and ends with the exit code of the daemon (ORCH-4804)', async () => {
    const served: ServeFlags[] = [];
    const { code } = await cli(['serve', '--bind', '127.0.0.1:0', '--config-mode', 'compat'], served);
    expect(code).toBe(73);
    expect(served).toEqual([expect.objectContaining({ bind: '127.0.0.1:0', configMode: 'compat' })]);
  });

  it('only checks the config with --check (ORCH-4804)', async () => {
    write('colour: red\n');
    const served: ServeFlags[] = [];
    expect((await cli(['serve', '--check'], served)).code).toBe(78);
    expect(served).toEqual([]);
  });
});

describe('llama-orch config', () => {
  it('validate accepts a good file (OC-CONFIG-6001)', async () => {
    write('server: { bind: "127.0.0.1:9000" }\n');
    const { code, io } = await cli(['config', 'validate', '--json']);
    expect({ code, json: io.json }).toMatchObject({ code: 0, json: { schema_version: 1, valid: true } });
  });

  it('validate shows all problems with their places and ends with 78 (ORCH-4802, ORCH-4804)', async () => {
    write('server:\n  bnd: x\npools: 3\n');
    const { code, io } = await cli(['config', 'validate', 'llama-orch.yaml']);
    expect(code).toBe(78);
    expect(io.err).toContain('llama-orch.yaml:2:3');
    expect(io.err).toContain('llama-orch.yaml:3:');
  });

  it('show --origin tells who set a value (HME-003)', async () => {
    write('server: { bind: "127.0.0.1:9000" }\n');
    const { io } = await cli(['config', 'show', '--origin']);
    expect(io.out).toMatch(/server\.bind +"127\.0\.0\.1:9000" +llama-orch\.yaml:1\n/);
    expect(io.out).toMatch(/profile +"solo" +default\n/);
  });

  it('show prints a config that validates again (ORCH-4803)', async () => {
    const { io } = await cli(['config', 'show']);
    expect(parseConfig(parse(io.out))).toMatchObject({ profile: 'solo' });
  });

  it('schema prints the JSON Schema (OC-CONFIG-6010, ORCH-4803)', async () => {
    const { io } = await cli(['config', 'schema']);
    expect(io.json).toMatchObject({ title: 'Config', additionalProperties: false });
  });
});

describe('llama-orch keys create', () => {
  it('prints a key once and an entry that the config accepts (ORCH-4109, FR-SI-001)', async () => {
    const { code, io } = await cli(['keys', 'create', '--id', 'ci', '--scope', 'infer', '--tenant', 'lab']);
    const [key = '', , ...entry] = io.out.split('\n');
    const { auth } = parseConfig(parse(entry.join('\n')));
    expect(code).toBe(0);
    expect(key).toMatch(/^lorch_ci_/);
    expect(auth.keys[0]).toMatchObject({ id: 'ci', tenant: 'lab', scopes: ['infer'] });
    expect(keyMatches(key, auth.keys[0]?.hash ?? '')).toBe(true);
    expect(io.out).not.toContain(`hash: ${key}`);
  });

  it('refuses an unknown scope and a bad id (ORCH-4109, HME-032)', async () => {
    expect((await cli(['keys', 'create', '--scope', 'root'])).io.err).toContain(
      'unknown scope root; choose from infer',
    );
    expect((await cli(['keys', 'create', '--id', 'A B'])).code).toBe(2);
  });
});

describe('llama-orch doctor', () => {
  it('gives each trouble a line that says what to do (HME-032, ORCH-4806)', async () => {
    write('colour: red\n');
    const { code, io } = await cli(['doctor', '--json']);
    const findings = io.json['findings'] as { check: string; state: string; fix?: string }[];
    expect(code).toBe(1);
    expect(findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['node', 'embedded engine', 'config', 'daemon']),
    );
    for (const { state, fix } of findings) expect(fix !== undefined).toBe(state !== 'ok');
  });

  it('finds a port that another program holds (HME-032)', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    write(`server: { bind: "127.0.0.1:${(other.address() as AddressInfo).port}" }\n`);
    const { code, io } = await cli(['doctor']);
    await new Promise((resolve) => other.close(resolve));
    expect(code).toBe(1);
    expect(io.out).toContain('is taken by another program');
  });

  it('refuses an old Node and warns about few open files (HME-032)', async () => {
    expect(nodeFinding('20.20.2')).toMatchObject({ state: 'failed' });
    expect(nodeFinding('24.21.0')).toMatchObject({ state: 'ok' });
    const limits = 'Max open files            1024                 4096                 files\n';
    await expect(fileLimitFinding(() => Promise.resolve(limits))).resolves.toMatchObject({ state: 'warning' });
  });
});

describe('llama-orch', () => {
  it('shows examples and exit codes with --help, on stdout (ORCH-4804)', async () => {
    const { code, io } = await cli(['--help']);
    expect(code).toBe(0);
    expect(io.out).toContain('llama-orch submit "a frog jumps in"');
    expect(io.out).toContain('78 config');
  });

  it('describes each flag of a command with --help (ORCH-4804)', async () => {
    const { code, io } = await cli(['submit', '--help']);
    expect(code).toBe(0);
    expect(io.out).toContain('--deadline-ms <ms>');
  });
});
