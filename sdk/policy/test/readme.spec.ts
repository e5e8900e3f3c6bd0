import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { parse } from 'yaml';
import { ABI_VERSION } from '../src/abi.js';
import { policyFile, removePolicyFiles } from './policy-file.js';

const run = promisify(execFile);
const PACKAGE = join(import.meta.dirname, '..');
const PRODUCT = join(PACKAGE, '..', '..');
const README = readFileSync(join(PACKAGE, 'README.md'), 'utf8');

/** Code blocks by what stands behind their opening: language and name. */
const blocks = [...README.matchAll(/^```(\S+)(?: (\S+))?\n(.*?)^```$/gms)].map(
  ([, language = '', name = '', text = '']) => ({
    language,
    name,
    text,
  }),
);
const blockOf = (language: string, name = '') => {
  const found = blocks.find((block) => block.language === language && block.name === name);
  if (found === undefined) throw new Error(`the README has no block ${language} ${name}`);
  return found.text;
};

afterAll(removePolicyFiles);

/** A package with the policy of the README; answers its folder. */
function packageOfReadme(): string {
  const folder = dirname(policyFile(''));
  const files = {
    'src/index.ts': blockOf('ts', 'policy'),
    'test/fluent.test.ts': blockOf('ts', 'test'),
    'test/table.test.ts': blockOf('ts', 'table'),
    'cases.json': blockOf('json'),
    'package.json': '{ "type": "module" }',
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

/** Errors of the compiler in blocks of TypeScript, each as a file inside of this package. */
function typeErrors(texts: readonly string[]): string[] {
  const names = new Map(texts.map((text, index) => [join(PACKAGE, 'test', `readme-block-${index}.ts`), text]));
  const { config } = ts.readConfigFile(join(PRODUCT, 'tsconfig.base.json'), (file) => ts.sys.readFile(file)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson({ ...config.compilerOptions, noEmit: true }, PRODUCT);
  const host = ts.createCompilerHost(options);
  const onDisk = { ...host };
  host.fileExists = (file) => names.has(file) || onDisk.fileExists(file);
  host.getSourceFile = (file, version) => {
    const text = names.get(file);
    return text === undefined ? onDisk.getSourceFile(file, version) : ts.createSourceFile(file, text, version);
  };
  const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram([...names.keys()], options, host));
  return diagnostics.map(
    ({ messageText, file }) => `${file?.text.slice(0, 60)} … ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
  );
}

describe('the README', () => {
  it('shows policy and tests that pass when a reader writes them down', async () => {
    const folder = packageOfReadme();
    const product = join(folder, 'node_modules', 'llama-orch');
    symlinkSync(PRODUCT, product, 'junction');
    const { stdout } = await run(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--test', '--test-reporter=tap'],
      {
        cwd: folder,
        env: {},
      },
    );
    expect(stdout).toContain('# fail 0');
    expect(stdout).toContain('# pass 6');
  }, 300_000);

  it('shows TypeScript that compiles, and so does the template', () => {
    const template = ['src/index.ts', 'test/policy.test.ts'].map((file) =>
      readFileSync(join(PACKAGE, 'templates', 'ts', file), 'utf8'),
    );
    const checked = blocks.filter(({ language }) => language === 'ts').map(({ text }) => text);
    expect(checked.length).toBeGreaterThan(7);
    expect(typeErrors([...checked, ...template])).toEqual([]);
  }, 300_000);

  it('shows settings that operators can write', () => {
    expect(parse(blockOf('yaml'))).toEqual({
      policies: [{ path: 'dist/acme.wasm', settings: { hosts: ['api.example.com'] } }],
    });
  });

  it('says what versions promise (OC-POLICY-SDK-4101, OC-POLICY-SDK-4102)', () => {
    const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { version: string };
    const promise = README.slice(README.indexOf('## Versions'));
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(promise).toContain(`the ABI (${ABI_VERSION})`);
    expect(promise).toContain('migration note');
  });

  it('names commands that the template test runs, and no other', () => {
    expect(blockOf('sh').trim().split('\n')).toEqual([
      'llama-orch policy new acme',
      'cd acme',
      'npm test',
      'npm run build',
    ]);
  });
});
