import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import file from '../src/index.js';

const { signal } = new AbortController();
const noFetch = () => Promise.reject(new Error('nothing is asked'));
let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'llama-orch-source-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const resolve = async (ref: string, options: { root?: string } = { root }) =>
  (await file.create(options, { log: () => undefined })).resolve(ref, noFetch, signal);

describe('the source file', () => {
  it('finds all parts of weights, whichever of them is named (ORCH-3090)', async () => {
    const names = [1, 2, 3].map((part) => `big-0000${part}-of-00003.gguf`);
    for (const name of names) writeFileSync(join(root, name), name);
    expect((await resolve(`file:${root}/${names[1]}`)).files.map(({ path }) => path)).toEqual(names);
    rmSync(join(root, names[2]!));
    await expect(resolve(`file:${root}/${names[0]}`)).rejects.toMatchObject({
      kind: 'missing',
      message: expect.stringContaining('00003-of-00003'),
    });
  });

  it('leaves out what begins with a dot', async () => {
    mkdirSync(join(root, 'model', '.cache'), { recursive: true });
    for (const path of ['a.gguf', '.cache/b.gguf', '.env']) writeFileSync(join(root, 'model', path), 'x');
    expect((await resolve(`file:${root}/model`)).files.map(({ path }) => path)).toEqual(['a.gguf']);
  });

  it('does not leave its root by a relative path, not even by a link (ORCH-4606)', async () => {
    mkdirSync(join(root, 'inside'));
    writeFileSync(join(root, 'secret.gguf'), 'x');
    symlinkSync(join(root, 'secret.gguf'), join(root, 'inside', 'link.gguf'));
    const within = { root: join(root, 'inside') };
    await expect(resolve('file:link.gguf', within)).rejects.toMatchObject({ kind: 'missing' });
    await expect(resolve('file:a/../../secret.gguf', within)).rejects.toMatchObject({ kind: 'malformed' });
    await expect(resolve('file:secret.gguf', {})).rejects.toMatchObject({
      kind: 'malformed',
      message: expect.stringContaining('absolute'),
    });
  });
});
