import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const PACKAGE = join(import.meta.dirname, '..');
const PRODUCT = join(PACKAGE, '..', '..');
const LINKS = { '@llama-orch/policy-sdk': PACKAGE, 'llama-orch': PRODUCT };
const folder = join(mkdtempSync(join(tmpdir(), 'llama-orch-template-')), 'acme');

beforeAll(() => {
  cpSync(join(PACKAGE, 'templates', 'ts'), folder, { recursive: true });
  for (const [name, target] of Object.entries(LINKS)) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(target, link, 'junction');
  }
});

afterAll(() => rmSync(dirname(folder), { recursive: true, force: true }));

/** Runs a script of its package.json as npm does, with this Node. */
function script(name: string): string {
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const [program = '', ...args] = (scripts[name] ?? '').split(' ');
  expect(program).toBe('node');
  return execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env: {} });
}

describe('the TypeScript template', () => {
  it('is green at once, with no mistake that its cases would not notice', () => {
    const said = script('test');
    expect(said).toMatch(/^(#|ℹ) fail 0$/m);
    expect(said).toMatch(/^(#|ℹ) pass 10$/m);
  }, 300_000);

  it('builds to a module', () => {
    script('build');
    expect(existsSync(join(folder, 'dist', 'acme.wasm'))).toBe(true);
  }, 300_000);
});
