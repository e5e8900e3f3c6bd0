import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { declared, digest } from '../../../test/support/catalog-entries.js';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { FaultyStore } from '../../../test/support/faulty-store.js';
import { LocalStore } from '../../../test/support/local-store.js';
import { Catalog } from '../../catalog/catalog.js';
import { type Store } from '../store/store.js';
import { EntryFolders } from './entry-folders.js';
import { SqlCatalogStore } from './sql-catalog-store.js';

const opened: Store[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'llama-orch-catalog-'));
  folders.push(folder);
  return folder;
}

async function openStore(folder: string): Promise<FaultyStore> {
  const store = new FaultyStore(await LocalStore.open(folder));
  opened.push(store);
  return store;
}

const clock = new FakeClock();
const openCatalog = (store: Store, folder: string) =>
  Catalog.open({
    clock,
    store: new SqlCatalogStore(store),
    files: new EntryFolders(join(folder, 'entries')),
    graceMs: 1_000,
  });
const nobody = () => [];

describe('The catalog on disk', () => {
  it('has after a restart what it had before, with every member (ORCH-3037, ORCH-3065)', async () => {
    const folder = newFolder();
    const store = await openStore(folder);
    const first = await openCatalog(store, folder);
    await first.adoptAll(['file:/models/own.gguf', 'haiku']);
    await first.create(
      declared('full', {
        ...{ sourceUrl: 'hf:org/full', version: '1', aliases: ['whole'], tags: ['a'], signed: false },
        manifests: [{ path: 'a/b', digest: digest('1'), sizeBytes: 3 }],
        signatures: [{ signer: 's', algo: 'a', verified: false, timestampMs: 1, bundle: { a: [1] } }],
        sbom: { uri: 'file:/x', digest: digest('2'), text: '{}' },
        trustPolicy: { mode: 'strict' },
      }),
      'key-1',
      ['a warning'],
    );
    await first.learn('own', { digest: digest('3') });
    await first.setState('haiku', 'Retired');
    const second = await openCatalog(store, folder);
    expect(second.all).toEqual(first.all);
    expect(second.find('whole')).toEqual(first.get('full'));
    expect(second.find(digest('3'))?.id).toBe('own');
  });

  it('lets one of two declarations with one id win, and tells the other (ORCH-3060)', async () => {
    const folder = newFolder();
    const catalog = await openCatalog(await openStore(folder), folder);
    const one = (digit: string) => catalog.create(declared('m', { digest: digest(digit) }), 'local', []);
    const both = await Promise.allSettled([one('1'), one('2')]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(catalog.all.length).toBe(1);
  });

  it('forgets models that pools of an earlier configuration brought along, and not those that are retired (ORCH-3062)', async () => {
    const folder = newFolder();
    const catalog = await openCatalog(await openStore(folder), folder);
    await catalog.adoptAll(['file:/a/m.gguf', 'file:/b/m.gguf', 'gone', 'retired']);
    expect(catalog.find('file:/a/m.gguf')?.id).toBe('m');
    expect(catalog.find('file:/b/m.gguf')?.id).toMatch(/^m-[0-9a-f]{12}$/);
    await catalog.setState('retired', 'Retired');
    await catalog.create(declared('declared'), 'local', []);
    await catalog.adoptAll(['file:/c/m.gguf']);
    expect(catalog.all.map(({ id }) => id).sort()).toEqual(['declared', 'm', 'retired']);
    expect(catalog.get('m')?.sourceUrl).toBe('file:/c/m.gguf');
  });

  it('of a model that a pool named enforces the digest that is declared of it later (ORCH-3037)', async () => {
    const folder = newFolder();
    const catalog = await openCatalog(await openStore(folder), folder);
    await catalog.adopt('m');
    await catalog.learn('m', { digest: digest('1') });
    expect(catalog.get('m')?.isSupplied).toBe(false);
    await expect(catalog.create(declared('m', { digest: digest('2') }), 'local', [])).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await catalog.create(declared('m', { digest: digest('1') }), 'local', []);
    expect(catalog.get('m')).toMatchObject({ isSupplied: true, addedBy: 'local' });
  });

  it('asks in the turn of a removal whether somebody serves the model (ORCH-4607)', async () => {
    const folder = newFolder();
    const store = await openStore(folder);
    const catalog = await openCatalog(store, folder);
    await catalog.create(declared('m'), 'local', []);
    await expect(catalog.remove('m', () => ['chat'])).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('pool chat'),
    });
    await catalog.remove('m', nobody);
    expect(catalog.get('m')).toBeUndefined();
    expect(await new SqlCatalogStore(store).removals()).toEqual([
      { id: 'm', digest: digest('0'), dueMs: clock.epochMs() + 1_000 },
    ]);
  });
});

describe('Whichever operation of the store fails', () => {
  /** Adds, learns, retires and removes; each step may fail and the next one goes on. */
  async function life(catalog: Catalog): Promise<readonly string[]> {
    const done: string[] = [];
    const step = (name: string, run: Promise<unknown>) =>
      run.then(
        () => done.push(name),
        () => {},
      );
    await step('add', catalog.create(declared('m', { tags: ['x'] }), 'local', []));
    await step('learn', catalog.learn('m', { warnings: ['w'] }));
    await step(
      'retire',
      catalog.get('m') === undefined
        ? Promise.reject(new Error('there is no such model'))
        : catalog.setState('m', 'Retired'),
    );
    await step('adopt', catalog.adopt('other'));
    await step('remove', catalog.remove('m', nobody));
    return done;
  }

  it.each(['before', 'after'] as const)(
    'what was acknowledged is there after a restart, and no row is without its files (%s it took effect) (ORCH-3037)',
    async (moment) => {
      const probe = newFolder();
      const counted = await openStore(probe);
      await life(await openCatalog(counted, probe));
      for (let n = 1; n <= counted.count; n++) {
        const folder = newFolder();
        const store = await openStore(folder);
        store.failAt(n, moment);
        const catalog = await openCatalog(store, folder).catch(() => undefined);
        if (catalog === undefined) continue;
        const done = await life(catalog);
        store.mend();
        const again = await openCatalog(store, folder);
        const entry = again.get('m');
        if (done.includes('remove')) expect([n, entry]).toEqual([n, undefined]);
        else if (done.includes('add')) expect([n, moment === 'after' || entry !== undefined]).toEqual([n, true]);
        if (done.includes('retire') && entry !== undefined) expect([n, entry.state]).toEqual([n, 'Retired']);
        if (done.includes('adopt')) expect(again.get('other')).toBeDefined();
        if (entry !== undefined) expect(readdirSync(join(folder, 'entries')).length).toBe(1);
      }
      expect(counted.count).toBeGreaterThan(5);
    },
  );
});
