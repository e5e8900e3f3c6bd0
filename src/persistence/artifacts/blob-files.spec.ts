import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import fc from 'fast-check';
import { artifactIdOf, parseArtifactId } from '../../artifacts/artifact-id.js';
import { FaultyDisk } from '../../../test/support/faulty-disk.js';
import { BlobFiles } from './blob-files.js';
import { NodeDisk } from './disk.js';

/** What has led out of folders elsewhere. */
const ATTEMPTS = [
  ...['../', '..', '.', '', '%2e%2e%2f', '%252e%252e%252f', '..\\', '....//', '/etc/passwd', 'C:\\x', '\\\\host\\x'],
  ...[
    'sha256:../../../etc/passwd',
    `sha256:${'../'.repeat(21)}x`,
    `sha256:${'a'.repeat(63)}/`,
    `sha256:${'a'.repeat(63)}\0`,
  ],
  ...[`sha256:${'A'.repeat(64)}`, `SHA256:${'a'.repeat(64)}`, `sha256:${'a'.repeat(65)}`, `sha256:${'a'.repeat(64)}\n`],
  ...[`sha256-${'a'.repeat(64)}`, `sha256:${'a'.repeat(62)}\u2024\u2024`, 'con', 'nul.txt', 'x'.repeat(300), '.hidden'],
  ...[`sha256:${'\uff41'.repeat(64)}`, `../sha256:${'a'.repeat(64)}`, `sha256:${'a'.repeat(64)}/..`],
];

let root: string;
let disk: FaultyDisk;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'llama-orch-blobs-'));
  disk = new FaultyDisk(new NodeDisk());
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('The folder of contents', () => {
  it('is left by no text that is taken for an id (P-14, L-04f, ORCH-4601)', async () => {
    for (const attempt of ATTEMPTS) expect(parseArtifactId(attempt)).toBeUndefined();
    const blobs = await BlobFiles.in(root, disk);
    const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 });
    const ids = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((text) => `sha256:${text}`),
      hex.map((text) => `sha256:${text}`),
    );
    await fc.assert(
      fc.asyncProperty(ids, async (text) => {
        const id = parseArtifactId(text);
        expect(id !== undefined).toBe(/^sha256:[0-9a-f]{64}$/.test(text) && text.length === 71);
        if (id !== undefined) await blobs.read(id);
      }),
      { numRuns: 500 },
    );
    const paths = disk.operations.map((operation) => resolve(operation.slice(operation.indexOf(' ') + 1)));
    expect(paths.length).toBeGreaterThan(100);
    expect(paths.filter((path) => path !== root && !path.startsWith(root + sep))).toEqual([]);
  });

  it('gives back what was written, and writes it once for all who write it at the same time (ORCH-4602, P-10)', async () => {
    const blobs = await BlobFiles.in(root, disk);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (bytes) => {
        const id = await artifactIdOf(bytes);
        const before = disk.operations.filter((one) => one.startsWith('write')).length;
        const isThere = (await blobs.read(id)) !== undefined;
        await Promise.all([blobs.write(id, bytes), blobs.write(id, bytes), blobs.write(id, bytes)]);
        expect(new Uint8Array((await blobs.read(id))!)).toEqual(bytes);
        const writes = disk.operations.filter((one) => one.startsWith('write')).length - before;
        expect(writes).toBe(isThere ? 0 : 1);
      }),
      { numRuns: 100 },
    );
  });

  it('brings a file to disk before its name, and its name before it says so (ORCH-4602)', async () => {
    const blobs = await BlobFiles.in(root, disk);
    const bytes = Buffer.from('x');
    await blobs.write(await artifactIdOf(bytes), bytes);
    const words = disk.operations.map((one) => one.split(' ', 1)[0]).join(' ');
    expect(words).toMatch(/size make sync write rename sync$/);
  });

  it('is rid of half-written files at the start, and lists contents alone (F-06, ORCH-4603)', async () => {
    const blobs = await BlobFiles.in(root, disk);
    const bytes = Buffer.from('whole');
    const id = await artifactIdOf(bytes);
    await blobs.write(id, bytes);
    writeFileSync(join(root, 'incoming', '7'), 'half');
    writeFileSync(join(root, 'blobs', id.slice(7, 9), 'notes.txt'), 'not ours');
    const again = await BlobFiles.in(root, disk);
    expect(readdirSync(join(root, 'incoming'))).toEqual([]);
    const listed = [];
    for await (const ids of again.all()) listed.push(...ids);
    expect(listed).toEqual([id]);
    expect(await again.remove(id)).toBe(5);
    expect(await again.remove(id)).toBe(0);
    expect(await again.read(id)).toBeUndefined();
  });
});
