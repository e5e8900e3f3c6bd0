import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import fc from 'fast-check';
import { declared, digest, entryOf } from '../../../test/support/catalog-entries.js';
import { EntryFolders } from './entry-folders.js';

const base = mkdtempSync(join(tmpdir(), 'llama-orch-entries-'));
const root = join(base, 'root');
afterAll(() => rmSync(base, { recursive: true, force: true }));

const folders = new EntryFolders(root);
const piece = fc.constantFrom(
  '..',
  '.',
  '/',
  '\\',
  '\u0000',
  'a',
  'B',
  '%2f',
  ':',
  '@',
  '~',
  ' ',
  'é',
  '-',
  'a'.repeat(90),
);
const anyId = fc.oneof(
  fc.array(piece, { minLength: 1, maxLength: 12 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary' }),
);

describe('The folder of an entry', () => {
  it('lies directly below the root, whatever the id is made of, and belongs to that id alone (ORCH-3065, ORCH-4606)', () => {
    const owners = new Map<string, string>();
    fc.assert(
      fc.property(anyId, (id) => {
        const folder = folders.folderOf(id);
        expect(dirname(resolve(folder))).toBe(resolve(root));
        expect(folder).toMatch(/^[^\u0000]+$/);
        expect(Buffer.byteLength(folder.slice(root.length + 1))).toBeLessThan(255);
        const owner = owners.get(folder.toLowerCase()) ?? id;
        expect(owner).toBe(id);
        owners.set(folder.toLowerCase(), id);
      }),
      { numRuns: 2_000 },
    );
  });

  it('and what is written into it stay inside the root, whatever is declared (ORCH-3065)', async () => {
    await fc.assert(
      fc.asyncProperty(anyId, anyId, async (id, path) => {
        const manifests = [{ path, digest: digest('1'), sizeBytes: 1 }];
        const signatures = [{ signer: path, algo: path, verified: false, timestampMs: undefined, bundle: { path } }];
        await folders.keep(
          entryOf(id, { manifests, signatures, sbom: { uri: path, digest: digest('2'), text: path } }),
        );
        expect(readdirSync(base)).toEqual(['root']);
        expect(readdirSync(root).length).toBe(1);
        await folders.remove(id);
        expect(readdirSync(root)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('holds what came with the model, byte by byte, and no half-written file (ORCH-3065)', async () => {
    const sbom = { uri: 'file:/x', digest: digest('2'), text: '{ "odd":  "spacing" }' };
    await folders.keep(entryOf('m', { ...declared('m', { sbom }) }));
    const folder = folders.folderOf('m');
    expect(readdirSync(folder).sort()).toEqual(['entry.json', 'manifests.json', 'sbom.json']);
    expect(readFileSync(join(folder, 'sbom.json'), 'utf8')).toBe(sbom.text);
    await folders.remove('m');
    await folders.remove('m');
    expect(existsSync(folder)).toBe(false);
  });
});
