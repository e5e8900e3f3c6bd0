import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readModuleFile } from './module-file.js';
import { type PolicySource } from './policy-source.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-module-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function source(): PolicySource {
  const file = join(folder, 'p.wasm');
  writeFileSync(file, 'module');
  return { file, isBuiltin: false } as unknown as PolicySource;
}

describe('A signature beside a module', () => {
  it.each([
    ['a pipe', (path: string) => void execFileSync('mkfifo', [path])],
    ['a folder', (path: string) => void mkdirSync(path)],
    ['endless', (path: string) => writeFileSync(path, 'x'.repeat(65_537))],
  ])('that is %s holds nobody up, and is none (ORCH-4702)', async (_what, make) => {
    const from = source();
    make(`${from.file}.sig`);
    expect(await readModuleFile(from)).toMatchObject({ signature: '' });
  });

  it('need not be there (ORCH-4702)', async () => {
    expect(await readModuleFile(source())).toMatchObject({ signature: undefined });
  });
});
