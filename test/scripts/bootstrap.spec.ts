import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../architecture/source-file.js';
import { loadScript } from './load-script.js';

const { starterProblem } = await loadScript<{
  starterProblem: (version: string, brings: boolean) => string | undefined;
}>('runtime.mjs');
const { areInstalled } = await loadScript<{ areInstalled: (root: string) => boolean }>('dependencies.mjs');
const { freePort } = await loadScript<{ freePort: (first: number) => Promise<number> }>('local-daemon.mjs');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-scripts-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function withRuntime(script: string, ...args: string[]): string[] {
  const path = join(folder, 'script.mjs');
  writeFileSync(path, script);
  return [join(ROOT, 'scripts', 'with-runtime.mjs'), path, ...args];
}

describe('with-runtime', () => {
  /** The dependencies are there when tests run; should they not be, a test must not be what replaces them. */
  const env = { ...process.env, npm_execpath: join(ROOT, 'no', 'npm-cli.js') };

  it('runs a script with a Node that the product supports, its arguments, and its exit code', () => {
    const script = `console.log(JSON.stringify([process.versions.node, process.argv.slice(2), process.env.PATH])); process.exit(7);`;
    const { status, stdout, stderr } = spawnSync(process.execPath, withRuntime(script, 'a b', '--c'), {
      encoding: 'utf8',
      env,
    });
    const [version, args, path] = JSON.parse(stdout) as [string, string[], string];
    expect({ status, stderr, args }).toEqual({ status: 7, stderr: '', args: ['a b', '--c'] });
    expect(starterProblem(version, false)).toBeUndefined();
    expect(path.startsWith(join(ROOT, 'node_modules', '.bin'))).toBe(true);
  });

  it('hands signals on and ends as the script ended', async () => {
    const script = `process.on('SIGTERM', () => process.exit(3)); setInterval(() => {}, 1000); console.log('up');`;
    const child = spawn(process.execPath, withRuntime(script), { stdio: ['ignore', 'pipe', 'inherit'], env });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([3, null]);
  });

  it('ends by the signal that ended the script', async () => {
    const script = `setInterval(() => {}, 1000); console.log('up');`;
    const child = spawn(process.execPath, withRuntime(script), { stdio: ['ignore', 'pipe', 'inherit'], env });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
  });

  it.each([
    ['20.18.9', true, /needs Node 20\.19 or newer to start here; this is Node 20\.18\.9\./],
    ['20.19.0', true, undefined],
    ['24.0.0', true, undefined],
    ['22.18.0', false, /needs Node 22\.19 or newer/],
    ['22.19.0', false, undefined],
  ])('judges Node %s where the product brings its own: %s', (version, brings, sentence) => {
    const problem = starterProblem(version, brings);
    if (sentence === undefined) expect(problem).toBeUndefined();
    else expect(problem).toMatch(sentence);
  });
});

describe('installed dependencies', () => {
  const wanted = {
    '': { version: '1.0.0' },
    'plugins/a': { version: '1.0.0' },
    'node_modules/a': { link: true },
    'node_modules/b': { version: '1.2.3' },
    'node_modules/other-platform': { version: '1.0.0', optional: true },
  };
  const lock = (path: string, packages: object) => {
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    writeFileSync(join(folder, path), JSON.stringify({ packages }));
  };
  const present = (packages: object) => {
    lock('package-lock.json', wanted);
    lock('node_modules/.package-lock.json', packages);
    return areInstalled(folder);
  };

  it('are there when npm recorded every package of the lock file, whoever called it', () => {
    expect(
      present({ 'node_modules/a': { link: true }, 'node_modules/b': { version: '1.2.3' }, 'node_modules/more': {} }),
    ).toBe(true);
  });

  it.each([
    ['a package is missing', { 'node_modules/a': { link: true } }],
    ['a version differs', { 'node_modules/a': { link: true }, 'node_modules/b': { version: '1.2.4' } }],
    ['an own package is a copy', { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.2.3' } }],
  ])('are not there when %s', (_what, packages) => {
    expect(present(packages)).toBe(false);
  });

  it('are not there without the record of npm', () => {
    lock('package-lock.json', wanted);
    expect(areInstalled(folder)).toBe(false);
  });
});

describe('the closing line', () => {
  const JEST = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');

  it('is the last line of a run and counts a file that cannot run as a failure', () => {
    writeFileSync(
      join(folder, 'a.spec.js'),
      `test('x', () => {}); test('y', () => { throw new Error('no'); }); test.todo('z');`,
    );
    writeFileSync(join(folder, 'b.spec.js'), `throw new Error('broken');`);
    const reporter = join(ROOT, 'scripts', 'closing-line-reporter.mjs');
    const config = { rootDir: folder, reporters: ['default', reporter], transform: {}, testMatch: ['**/*.spec.js'] };
    const args = [JEST, '--config', JSON.stringify(config), '--runInBand', '--no-cache'];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: folder });
    expect(status).toBe(1);
    expect(stdout.endsWith('1 passed, 2 failed, 1 skipped\n')).toBe(true);
  });
});

it('the quickstart passes over a port that is taken', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await freePort(port)).toBeGreaterThan(port);
  server.close();
});
