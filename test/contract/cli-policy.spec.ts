import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runCli } from '../../src/cli/main.js';
import { careForPolicies } from '../../src/policy.js';
import { describeIn } from '../policy/package-of-text.js';
import { TestIo } from './support/test-io.js';

const nothing = (): Promise<never> => Promise.reject(new Error('not asked for'));
const OTHERS = {
  serve: nothing,
  simulate: nothing,
  selfTest: nothing,
  engine: nothing,
  audit: nothing,
  backup: nothing,
};

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-policy-cli-'));
  await policy('new', 'acme');
  await policy('build', 'acme', '--out', 'acme.wasm');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function cli(...argv: string[]): Promise<{ code: number; io: TestIo }> {
  const io = new TestIo({ env: { HOME: folder, LLORCH_URL: 'http://127.0.0.1:9' }, cwd: folder });
  return { code: await runCli(argv, { io, ...OTHERS, policy: careForPolicies }), io };
}

const policy = (...argv: string[]) => cli('policy', ...argv);

/** The package of a new policy, changed. */
async function packageWith(name: string, file: string, change: (text: string) => string): Promise<string> {
  await policy('new', 'acme', '--dir', name);
  const path = join(folder, name, file);
  writeFileSync(path, change(readFileSync(path, 'utf8')));
  return name;
}

for (const language of ['ts', 'as', 'wat', 'c'] as const) {
  describeIn(language, `llama-orch policy new --lang ${language}`, () => {
    it('makes a package that is tested and built at once, without installing (OC-POLICY-SDK-4110)', async () => {
      const { code, io } = await policy('new', 'mine', '--lang', language, '--dir', `new-${language}`);
      expect({ code, out: io.out }).toEqual({ code: 0, out: expect.stringMatching(/npm test\n {2}npm run build\n$/) });
      const npm = (...args: string[]) =>
        promisify(execFile)('npm', ['--offline', ...args], { cwd: join(folder, `new-${language}`) });
      await npm('test');
      const { stdout } = await npm('run', 'build');
      expect(stdout).toMatch(/mine 0\.1\.0 is in .*dist\/mine\.wasm\n {2}sha256:/);
      expect((await policy('inspect', `new-${language}/dist/mine.wasm`)).code).toBe(0);
    }, 300_000);
  });
}

describe('llama-orch policy new', () => {
  it('is what llama-orch new policy does as well (OC-POLICY-SDK-4110)', async () => {
    const { io } = await policy('new', 'twin', '--lang', 'wat', '--json');
    const again = await cli('new', 'policy', 'twin', '--lang', 'wat', '--dir', 'twin-2', '--json');
    expect(again).toMatchObject({ code: 0 });
    const { files, name, next } = io.json as { files: string[]; name: string; next: string[] };
    expect(again.io.json).toMatchObject({ files, name, next: ['cd twin-2', ...next.slice(1)] });
    for (const file of files)
      expect(readFileSync(join(folder, 'twin-2', file))).toEqual(readFileSync(join(folder, 'twin', file)));
  });

  it('leaves folders alone that are there, and refuses names that will not do (ORCH-4804)', async () => {
    expect(await policy('new', 'acme')).toMatchObject({
      code: 2,
      io: { err: expect.stringContaining('there already') },
    });
    expect(await policy('new', 'My Acme')).toMatchObject({
      code: 2,
      io: { err: expect.stringContaining('lower case') },
    });
    expect(readdirSync(folder)).not.toContain('My Acme');
  });
});

describe('what the policy commands print', () => {
  it.each([[[]], [['--json']]])('steers no terminal, whatever a policy said (OC-POLICY-4030): %j', async (flags) => {
    const said = 'a\u001b[2J\u0007b\u009bc\u202ed\u2028e';
    const io = new TestIo({ env: { HOME: folder }, cwd: folder });
    const work = () => Promise.resolve({ document: { reason: said }, text: `${said}\n`, ok: true });
    expect(await runCli(['policy', 'suggest', ...flags], { io, ...OTHERS, policy: work })).toBe(0);
    expect(io.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/);
    if (flags.length > 0) expect(io.json).toMatchObject({ reason: said });
    else expect(io.out).toBe('a[2Jbcde\n');
  });
});

describe('llama-orch policy build', () => {
  it('says what the module is, in one document (ORCH-4806, OC-POLICY-4002)', async () => {
    const { code, io } = await policy('build', 'acme', '--json');
    expect(code).toBe(0);
    const file = join(folder, 'acme/dist/acme.wasm');
    expect(io.json).toMatchObject({ name: 'acme', version: '0.1.0', file, failed: [] });
    // The same sources make the same bytes.
    expect(readFileSync(join(folder, 'acme/dist/acme.wasm'))).toEqual(readFileSync(join(folder, 'acme.wasm')));
  });

  it('writes nothing when the policy fails a test that it would carry (ORCH-4702)', async () => {
    const name = await packageWith('failing', 'cases.json', (text) => text.replace('"HOST_NOT_ALLOWED"', '"OTHER"'));
    const { code, io } = await policy('build', name);
    expect(code).toBe(1);
    expect(io.out).toMatch(/nothing was written.*FAIL .*code is "HOST_NOT_ALLOWED", expected "OTHER"/s);
    expect(existsSync(join(folder, name, 'dist'))).toBe(false);
  });

  it('names the line that does not compile (HME-032)', async () => {
    const name = await packageWith('broken', 'src/index.ts', (text) => `${text}\nconst = 1;`);
    const { code, io } = await policy('build', name);
    expect(code).toBe(1);
    expect(io.err).toMatch(/^error: .*index\.ts:\d+:\d+: .*\n.*const = 1;/);
  });

  it('wants the folder of a policy (ORCH-4804)', async () => {
    expect(await policy('build')).toMatchObject({
      code: 2,
      io: { err: expect.stringContaining('policy new makes one') },
    });
    expect(await policy('build', 'gone')).toMatchObject({
      code: 2,
      io: { err: 'error: gone: there is no such folder\n' },
    });
  });
});

describe('llama-orch policy test', () => {
  it('runs the cases as TypeScript and as module; each small mistake is noticed (OC-POLICY-SDK-4110)', async () => {
    const { code, io } = await policy('test', 'acme', '--mutate', '--json');
    expect(code).toBe(0);
    expect(io.json).toMatchObject({ name: 'acme', failed: [], survived: [] });
    expect(io.json['mutants']).toBeGreaterThan(3);
  });

  it('shows the mistakes that no case notices (OC-POLICY-SDK-4110)', async () => {
    const few = (text: string): string => JSON.stringify((JSON.parse(text) as object[]).slice(0, 1));
    const { code, io } = await policy('test', await packageWith('few', 'cases.json', few), '--mutate');
    expect(code).toBe(1);
    expect(io.out).toMatch(/\d+ mutants, [1-9]\d* survived\n {2}.*\n {2}became .*/);
  });

  it('tests sources whose imports are written as they are compiled (OC-POLICY-SDK-4110)', async () => {
    const { code, io } = await policy('test', join(import.meta.dirname, '../../policies/allow-hosts'));
    expect({ code, err: io.err }).toEqual({ code: 0, err: '' });
    expect(io.out).toMatch(/\d+ passed, 0 failed\n$/);
  });

  it('fails with the case that is not as it has to be (ORCH-4804)', async () => {
    const cases = [{ name: 'odd', hook: 'on_request', event: {}, expect: { decision: 'limit' } }];
    writeFileSync(join(folder, 'odd.json'), JSON.stringify(cases));
    const { code, io } = await policy('test', 'acme.wasm', '--cases', 'odd.json');
    expect(code).toBe(1);
    expect(io.out).toContain('FAIL odd: decision is "deny", expected "limit"');
  });
});

describe('llama-orch policy try and bench', () => {
  it('ask about one call, and send nothing (OC-POLICY-4001)', async () => {
    const settings = JSON.stringify({ hosts: ['a.example'] });
    const { code, io } = await policy('try', 'acme.wasm', 'https://a.example/x', '--settings', settings, '--json');
    expect(code).toBe(0);
    expect(io.json).toMatchObject({ decision: { decision: 'allow' }, error: null });
    expect((await policy('try', 'acme.wasm', 'https://b.example/')).io.out).toMatch(
      /^deny HOST_NOT_ALLOWED, fuel \d+\n/,
    );
  });

  it('fail over a bound of fuel, which is the same everywhere (OC-POLICY-4011)', async () => {
    const within = await policy('bench', 'acme.wasm', '--count', '20', '--max-fuel', '50000000', '--json');
    expect(within).toMatchObject({ code: 0, io: { json: { calls: 20, over: [] } } });
    const over = await policy('bench', 'acme.wasm', '--count', '20', '--max-fuel', '10');
    expect(over).toMatchObject({ code: 1, io: { out: expect.stringMatching(/fuel \d+ is over 10\n$/) } });
  });

  it.each([
    ['no such file', ['gone.wasm', 'https://a.example/'], 2, 'gone.wasm: there is no such file'],
    ['no module', ['odd.json', 'https://a.example/'], 1, 'odd.json: the module does not begin like'],
    ['no URL', ['acme.wasm', 'nowhere'], 2, 'is no URL of http or https'],
    [
      'unknown settings',
      ['acme.wasm', 'https://a/', '--settings', '{"host":1}'],
      2,
      'acme does not take these settings',
    ],
    ['settings that are none', ['acme.wasm', 'https://a/', '--settings', '{'], 2, 'the settings: this is no JSON'],
    ['a header that is none', ['acme.wasm', 'https://a/', '-H', 'x'], 2, 'has to be name: value'],
  ])('refuse %s (HME-032)', async (_what, argv, exit, words) => {
    const { code, io } = await policy('try', ...argv);
    expect({ code, err: io.err }).toEqual({ code: exit, err: expect.stringContaining(words) });
  });
});

describe('llama-orch policy simulate with a HAR file', () => {
  it('shows what another version would answer otherwise, and nothing else (OC-POLICY-4002)', async () => {
    const request = (url: string) => ({ request: { method: 'GET', url } });
    const entries = [request('https://b.example/'), request('http://a.example/'), request('data:,x')];
    writeFileSync(join(folder, 'calls.har'), JSON.stringify({ log: { entries } }));
    const change = (text: string): string => text.replace('!url.host.isOneOf(config.hosts)', "url.scheme !== 'https'");
    const next = await packageWith('next', 'src/index.ts', change);
    // Its cases are those of the version before.
    writeFileSync(join(folder, next, 'cases.json'), '[]');
    await policy('build', next, '--out', 'next.wasm');
    const { code, io: shown } = await policy(
      'simulate',
      'next.wasm',
      '--har',
      'calls.har',
      '--diff',
      'acme.wasm',
      '--json',
    );
    expect(code).toBe(0);
    expect(shown.json).toMatchObject({
      calls: 2,
      changed: 1,
      shown: [{ call: 'GET b.example/', was: 'deny HOST_NOT_ALLOWED', is: 'allow' }],
    });
  });
});

describe('llama-orch policy keys, sign, verify and inspect', () => {
  it('make a signature that holds until the module is changed (OC-POLICY-4010)', async () => {
    expect((await policy('keys', 'signer.pem')).code).toBe(0);
    expect((await policy('sign', 'acme.wasm', '--key', 'signer.pem', '--log', 'log.jsonl')).code).toBe(0);
    const good = await policy('verify', 'acme.wasm', '--key', 'signer.pem.pub', '--log', 'log.jsonl', '--json');
    expect(good).toMatchObject({ code: 0, io: { json: { log_seq: 1 } } });
    for (const end of ['', '.sig'])
      writeFileSync(join(folder, `changed.wasm${end}`), readFileSync(join(folder, `acme.wasm${end}`)));
    writeFileSync(join(folder, 'changed.wasm'), Uint8Array.of(0, 1, 0), { flag: 'a' });
    const changed = await policy('verify', 'changed.wasm', '--key', 'signer.pem.pub');
    expect(changed).toMatchObject({ code: 1, io: { err: expect.stringContaining('sign the module as it is now') } });
  });

  it('replace no key, and take no file for what it is not (HME-032)', async () => {
    await policy('keys', 'once.pem');
    expect(await policy('keys', 'once.pem')).toMatchObject({
      code: 2,
      io: { err: expect.stringContaining('never replaced') },
    });
    expect(await policy('keys', 'nowhere/k.pem')).toMatchObject({
      code: 2,
      io: { err: expect.stringContaining('no such folder') },
    });
    const wrong = await policy('verify', 'acme.wasm', '--key', 'once.pem');
    expect(wrong).toMatchObject({ code: 2, io: { err: 'error: once.pem holds no public key in PEM\n' } });
  });

  it('say of any file whether it could be loaded (OC-POLICY-4002)', async () => {
    const good = await policy('inspect', 'acme.wasm', '--json');
    expect(good).toMatchObject({ code: 0, io: { json: { problems: [], contents: { manifest: { name: 'acme' } } } } });
    writeFileSync(join(folder, 'text.wasm'), 'text');
    const bad = await policy('inspect', 'text.wasm');
    expect(bad).toMatchObject({ code: 1, io: { out: expect.stringContaining('problem   POLICY_ABI: ') } });
  });
});

describe('llama-orch policy attack', () => {
  it('runs a row of the list against the guard of this build (ORCH-4703)', async () => {
    const { code, io } = await policy('attack', '--row', '3', '--json');
    expect({ code, ...io.json }).toMatchObject({ code: 0, rows: 1, failed: [] });
    expect(io.json['attacks']).toBeGreaterThan(1);
    expect(Object.keys(io.json['doors'] as object)).toEqual(['guard', 'outbound']);
  });

  it('knows the rows of its list, and says when nobody answers (ORCH-4804)', async () => {
    expect(await policy('attack', '--row', '999')).toMatchObject({
      code: 2,
      io: { err: expect.stringContaining('row 999') },
    });
    expect(await policy('attack', '--daemon')).toMatchObject({
      code: 69,
      io: { err: expect.stringContaining('no answer') },
    });
  });
});

describe('llama-orch policy replay, explain and suggest', () => {
  it.each(['replay', 'suggest'])('%s wants recorded decisions (ORCH-4804)', async (command) => {
    for (const flags of [
      ['--file', 'gone'],
      ['--dir', 'gone'],
    ])
      expect(await policy(command, ...flags)).toMatchObject({ code: 2, io: { err: expect.stringContaining('gone') } });
    expect((await policy(command)).code).toBe(69);
  });
});
