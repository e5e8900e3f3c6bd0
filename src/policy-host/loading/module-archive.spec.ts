import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '../module/prepare.js';
import { ModuleArchive } from './module-archive.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'llama-orch-archive-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));

async function keep(archive: ModuleArchive, text: string, epochMs: number): Promise<string> {
  const digest = digestOf(bytesOf(text));
  await archive.keep(bytesOf(text), digest, epochMs);
  return digest;
}

describe('ModuleArchive', () => {
  it('gives back what it keeps, and lets nobody else read it (ORCH-4704)', async () => {
    const archive = new ModuleArchive(join(folder, 'policies'));
    const digest = await keep(archive, 'one', 1_000);
    expect(await archive.read(digest)).toEqual(bytesOf('one'));
    expect(await archive.read(digestOf(bytesOf('two')))).toBeUndefined();
    expect(statSync(join(folder, 'policies')).mode & 0o077).toBe(0);
    expect(statSync(join(folder, 'policies', `${digest.slice(7)}.wasm`)).mode & 0o077).toBe(0);
  });

  it('does not give back what somebody changed, and mends it when it comes again (ORCH-4704)', async () => {
    const archive = new ModuleArchive(folder);
    const digest = await keep(archive, 'one', 1_000);
    writeFileSync(join(folder, `${digest.slice(7)}.wasm`), 'two');
    expect(await archive.read(digest)).toBeUndefined();
    await keep(archive, 'one', 2_000);
    expect(await archive.read(digest)).toEqual(bytesOf('one'));
  });

  it('forgets the one that was in force longest ago, and nothing that is none of its files (ORCH-4704)', async () => {
    const archive = new ModuleArchive(folder, 2);
    writeFileSync(join(folder, 'README'), 'mine');
    const one = await keep(archive, 'one', 1_000);
    const two = await keep(archive, 'two', 2_000);
    await keep(archive, 'one', 3_000);
    const three = await keep(archive, 'three', 4_000);
    expect(await archive.read(two)).toBeUndefined();
    const names = [one, three].map((digest) => `${digest.slice(7)}.wasm`);
    expect(readdirSync(folder).sort()).toEqual([...names, 'README'].sort());
  });
});
