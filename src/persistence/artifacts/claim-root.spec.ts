import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimRoot } from './claim-root.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-root-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('The folder of artifacts', () => {
  it('belongs to the data folder that used it first, and to no other (ORCH-4603)', () => {
    const root = join(folder, 'shared');
    claimRoot(root, join(folder, 'one'));
    claimRoot(root, join(folder, 'one'));
    expect(() => claimRoot(root, join(folder, 'two'))).toThrow(/belongs to the data folder .*one; name another folder/);
    rmSync(join(root, 'owner.json'));
    claimRoot(root, join(folder, 'two'));
  });

  it('needs no mark inside of its data folder, which may be moved (ORCH-4603)', () => {
    claimRoot(join(folder, 'data', 'artifacts'), join(folder, 'data'));
    expect(existsSync(join(folder, 'data', 'artifacts', 'owner.json'))).toBe(false);
  });

  it('is left alone when its mark cannot be read (ORCH-4603)', () => {
    writeFileSync(join(folder, 'owner.json'), 'not json');
    expect(() => claimRoot(folder, join(folder, '..', 'elsewhere'))).toThrow('of which nothing is known');
  });
});
