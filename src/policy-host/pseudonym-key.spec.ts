import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pseudonymKeyIn } from './pseudonym-key.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'llama-orch-key-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the key of pseudonyms', () => {
  it('is made once, for its owner alone, and is the same after a restart (OC-POLICY-4031)', () => {
    const keys = join(folder, 'keys');
    const first = pseudonymKeyIn(keys).bytes;
    expect(first.length).toBe(32);
    expect(new Set(first).size).toBeGreaterThan(8);
    expect(pseudonymKeyIn(keys).bytes).toEqual(first);
    expect(statSync(join(keys, 'pseudonym.key')).mode & 0o077).toBe(0);
  });

  it('is not replaced when it is broken: old pseudonyms would mean nothing any more (OC-POLICY-4031)', () => {
    writeFileSync(join(folder, 'pseudonym.key'), 'short');
    expect(() => pseudonymKeyIn(folder)).toThrow(
      'does not hold 32 bytes; put the one of the backup there, or delete it',
    );
  });
});
