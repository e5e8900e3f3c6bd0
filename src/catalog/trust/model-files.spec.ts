import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { sha256 } from '../../../test/support/model-signer.js';
import { modelFiles } from './model-files.js';
import { hashFile } from './hashing/hash-file.js';
import { pathProblem } from './model-path.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'model-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, content: string | Buffer = path): string {
  const location = join(folder, path);
  mkdirSync(dirname(location), { recursive: true });
  writeFileSync(location, content);
  return location;
}

const row = (path: string, content: string | Buffer = path) => ({
  path,
  digest: `sha256:${sha256(content)}`,
  sizeBytes: content.length,
});

describe('the files of a model', () => {
  it('are all regular files of its folder, sorted by path (ORCH-3060)', async () => {
    for (const path of ['tokenizer.json', 'a/b/c.bin', 'a.txt', '.hidden', 'empty'])
      put(path, path.replace('empty', ''));
    expect(await modelFiles(folder)).toEqual([
      row('.hidden'),
      row('a.txt'),
      row('a/b/c.bin'),
      row('empty', ''),
      row('tokenizer.json'),
    ]);
  });

  it('are one when the model is one, under its own name', async () => {
    expect(await modelFiles(put('sub/model.gguf', 'weights'))).toEqual([row('model.gguf', 'weights')]);
  });

  it('may leave out what does not belong to the model', async () => {
    for (const path of ['model.gguf', 'model.sig', '.git/config', 'sub/model.sig']) put(path);
    const files = await modelFiles(folder, { leaveOut: ['model.sig', '.git'] });
    expect(files.map(({ path }) => path)).toEqual(['model.gguf', 'sub/model.sig']);
  });

  it('are hashed in a worker when they are large, and the reading is told', async () => {
    const content = Buffer.alloc(40 * 1024 * 1024, 'x');
    put('model.gguf', content);
    put('small');
    const read: number[] = [];
    const files = await modelFiles(folder, { onRead: (bytes) => read.push(bytes) });
    expect(files).toEqual([row('model.gguf', content), row('small')]);
    expect(read.reduce((total, bytes) => total + bytes, 0)).toBe(content.length + 5);
    expect(read.length).toBeGreaterThan(2);
  });

  it('are left in the middle when the signal aborts', async () => {
    const file = put('model.gguf');
    truncateSync(file, 8 * 1024 ** 3);
    const stop = new AbortController();
    const reason = new Error('enough');
    const reading = modelFiles(folder, { signal: stop.signal, onRead: () => stop.abort(reason) });
    await expect(reading).rejects.toBe(reason);
    await expect(modelFiles(folder, { signal: stop.signal })).rejects.toBe(reason);
  });

  it.each(['inside', 'outside', 'folder', 'nowhere', 'itself'])('are no links: %s', async (target) => {
    put('model.gguf');
    const targets: Record<string, string> = {
      inside: 'model.gguf',
      outside: '/etc/hostname',
      folder: '.',
      nowhere: 'nothing',
      itself: 'link',
    };
    symlinkSync(targets[target]!, join(folder, 'link'));
    await expect(modelFiles(folder)).rejects.toMatchObject({ fault: 'link' });
  });

  it('may be links to files when the caller says so, and never to folders', async () => {
    put('blobs/1', 'weights');
    mkdirSync(join(folder, 'snapshot'));
    symlinkSync('../blobs/1', join(folder, 'snapshot/model.gguf'));
    expect(await modelFiles(join(folder, 'snapshot'), { allowLinks: true })).toEqual([row('model.gguf', 'weights')]);
    symlinkSync('..', join(folder, 'snapshot/up'));
    await expect(modelFiles(join(folder, 'snapshot'), { allowLinks: true })).rejects.toMatchObject({ fault: 'link' });
  });

  it('are neither pipes nor other things that look like files', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    await expect(modelFiles(folder)).rejects.toMatchObject({ fault: 'special-file' });
    const pipe = { path: 'pipe', location: join(folder, 'pipe'), sizeBytes: 0 };
    expect(() => hashFile(pipe, false, () => undefined)).toThrow(/changed/);
  });

  it.each(['back\\slash', 'line\nend', 'a\u0085b'])(
    'have paths that mean one file everywhere, not %j',
    async (path) => {
      put(path);
      await expect(modelFiles(folder)).rejects.toMatchObject({ fault: 'path' });
    },
  );

  it.each([
    ['Model.gguf', 'model.gguf'],
    ['caf\u00e9', 'cafe\u0301'],
  ])('do not collide where cases are not told apart: %j and %j', async (one, other) => {
    put(one);
    put(other);
    await expect(modelFiles(folder)).rejects.toMatchObject({ fault: 'collision' });
  });

  it('are not too many, not too deep and not too large', async () => {
    for (const name of ['a', 'b/c']) put(name);
    await expect(modelFiles(folder, { maxEntries: 2 })).rejects.toMatchObject({ fault: 'too-many' });
    await expect(modelFiles(folder, { maxBytes: 3 })).rejects.toMatchObject({ fault: 'too-large' });
    put(`${'d/'.repeat(40)}e`);
    await expect(modelFiles(folder)).rejects.toMatchObject({ fault: 'path' });
  });

  it('are there, and one at least', async () => {
    await expect(modelFiles(folder)).rejects.toMatchObject({ fault: 'empty' });
    const missing = modelFiles(join(folder, 'nothing'));
    await expect(missing).rejects.toMatchObject({ fault: 'missing' });
    await expect(missing).rejects.not.toThrow(folder);
  });

  it('do not change while they are read', () => {
    const location = put('model.gguf', 'weights');
    const file = { path: 'model.gguf', location };
    for (const sizeBytes of [6, 8])
      expect(() => hashFile({ ...file, sizeBytes }, false, () => undefined)).toThrow(/changed/);
  });
});

describe('a path inside a model', () => {
  it.each(['..', '../a', 'a/../b', '/a', 'C:\\a', 'c:/a', 'a//b', './a', 'a/', '', 'a\0', '\ud800', 'x'.repeat(2000)])(
    'is not %j',
    (path) => expect(pathProblem(path)).toBeDefined(),
  );

  it.each(['a', 'a/b.c', '..a', 'a..', '...', 'ünï/日本', 'a b', 'ab:c'])('may be %j', (path) =>
    expect(pathProblem(path)).toBeUndefined(),
  );
});
