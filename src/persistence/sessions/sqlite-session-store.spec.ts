import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalStore } from '../../../test/support/local-store.js';
import { brokenUnit, sessionRecord as record } from '../../../test/support/store-rig.js';
import { SqliteSessionStore, sessionWrites } from './sqlite-session-store.js';

let folder: string;
let store: LocalStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-sessions-'));
  store = await LocalStore.open(folder);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const turns = async () => (await SqliteSessionStore.on(store)).load().map((session) => session.turns);

describe('stored sessions', () => {
  it('come back as they were, oldest first (ORCH-4604)', async () => {
    const { origin } = record(1);
    const records = [record(2), record(1, { lastReplica: undefined, origin: { ...origin, clientId: 'key' } })];
    await (await SqliteSessionStore.on(store)).write({ changed: records, removed: [] });
    await store.close();
    store = await LocalStore.open(folder);
    expect((await SqliteSessionStore.on(store)).load()).toEqual(records.toReversed());
  });

  it('change and go in one transaction (ORCH-4604)', async () => {
    const sessions = await SqliteSessionStore.on(store);
    await sessions.write({ changed: [record(1), record(2)], removed: [] });
    const going = sessionWrites({ changed: [record(1, { turns: 9 })], removed: [record(2)] });
    await expect(store.write([...going, ...brokenUnit(3)])).rejects.toMatchObject({ reason: 'constraint' });
    expect(await turns()).toEqual([1, 2]);
    await store.write(going);
    expect(await turns()).toEqual([9]);
  });
});
