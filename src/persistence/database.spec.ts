import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSessionId } from '../kernel/ids.js';
import { type SessionRecord } from '../sessions/session-store.js';
import { dataFolder } from '../config/index.js';
import { prepareFolder } from './data-folder.js';
import { openDatabase } from './database.js';
import { MIGRATIONS, versionOf } from './migrations.js';
import { SqliteSessionStore } from './sqlite-session-store.js';
import { StoreError } from './store-error.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-store-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const store = () => join(folder, 'store.db');
const modeOf = (path: string) => statSync(path).mode & 0o777;

function faultOf(open: () => unknown): StoreError {
  try {
    open();
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new Error('the store was opened');
}

function record(number: number, more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    tenantId: 'default',
    id: parseSessionId(`00000000-0000-4000-8000-00000000000${number}`)!,
    turns: number,
    used: { tokens: 5, timeMs: 6, cost: Number.MAX_SAFE_INTEGER },
    lastReplica: 'p-0',
    openTasks: 1,
    createdMs: 1_700_000_000_000 + number,
    expiresMs: 1_700_000_600_000,
    origin: { correlationId: 'c', clientId: undefined, userAgent: 'a program' },
    ...more,
  };
}

describe('the data folder', () => {
  it('is what the config names, from the folder of the config on, else that of the user (ORCH-4801)', () => {
    expect(dataFolder('/srv/x', '/etc', {})).toBe('/srv/x');
    expect(dataFolder('data', '/etc/llama-orch', {})).toBe('/etc/llama-orch/data');
    expect(dataFolder(undefined, '/etc', { XDG_DATA_HOME: '/xdg', HOME: '/home/a' })).toBe('/xdg/llama-orch');
    expect(dataFolder(undefined, '/etc', { HOME: '/home/a' })).toBe('/home/a/.local/share/llama-orch');
  });

  it('and its files are for their owner alone (ORCH-4808)', () => {
    const inner = join(folder, 'a', 'b');
    prepareFolder(inner);
    openDatabase(inner, 0).close();
    expect([inner, join(inner, 'store.db'), join(inner, 'holder.json')].map(modeOf)).toEqual([0o700, 0o600, 0o600]);
  });

  it('that cannot be made is refused with a hint', () => {
    writeFileSync(join(folder, 'file'), '');
    const { fault, message } = faultOf(() => prepareFolder(join(folder, 'file', 'x')));
    expect([fault, message]).toEqual(['unusable', expect.stringContaining('LLORCH_DATA_DIR') as string]);
  });
});

describe('a store', () => {
  it('belongs to one process at a time, whose number is told (ORCH-4808)', () => {
    const first = openDatabase(folder, 0);
    const { fault, message } = faultOf(() => openDatabase(folder, 0));
    expect([fault, message]).toEqual(['locked', expect.stringContaining(`process ${process.pid},`) as string]);
    first.close();
    openDatabase(folder, 0).close();
  });

  it('of the right version without its tables is damaged (ORCH-4808)', () => {
    const cut = openDatabase(folder, 0);
    cut.exec('DROP TABLE sessions');
    cut.close();
    const { fault, message } = faultOf(() => openDatabase(folder, 0));
    expect([fault, message]).toEqual(['damaged', expect.stringContaining('its table sessions is missing') as string]);
  });

  it.each([
    ['is no database', () => Buffer.from('not a database at all, but long enough to be looked at as one'.repeat(20))],
    ['has a broken page', () => brokenPage(readFileSync(store()))],
  ])('that %s is left as it is, and the daemon does not start on it (ORCH-4808)', (_what, bytes) => {
    const written = new SqliteSessionStore(openDatabase(folder, 0));
    written.write([record(1)], []);
    written.close();
    writeFileSync(store(), bytes());
    const before = readFileSync(store());
    const { fault, message } = faultOf(() => openDatabase(folder, 0));
    expect([fault, message]).toEqual(['damaged', expect.stringContaining('nothing was changed') as string]);
    expect(readFileSync(store()).equals(before)).toBe(true);
  });

  it('of a newer version is left alone (ORCH-4808)', () => {
    const newer = openDatabase(folder, 0);
    newer.pragma(`user_version = ${MIGRATIONS.length + 1}`);
    newer.close();
    expect(faultOf(() => openDatabase(folder, 0)).fault).toBe('too-new');
    const again = openDatabase(folder, 0, [...MIGRATIONS, 'SELECT 1']);
    expect(versionOf(again)).toBe(MIGRATIONS.length + 1);
    again.close();
  });

  it('of an older version is copied and then brought forward, step by step (ORCH-4808)', () => {
    const old = new SqliteSessionStore(openDatabase(folder, 0));
    old.write([record(1)], []);
    old.close();
    const steps = [...MIGRATIONS, 'ALTER TABLE sessions ADD COLUMN extra TEXT', 'UPDATE sessions SET turns = 7'];
    const db = openDatabase(folder, 0, steps);
    expect([versionOf(db), new SqliteSessionStore(db).load()[0]?.turns]).toEqual([steps.length, 7]);
    db.close();
    expect(existsSync(`${store()}.v${MIGRATIONS.length}`)).toBe(true);
  });

  it('keeps the version before when a step fails (ORCH-4808)', () => {
    openDatabase(folder, 0).close();
    const steps = [...MIGRATIONS, 'CREATE TABLE more (a TEXT)', 'INSERT INTO nowhere VALUES (1)'];
    expect(faultOf(() => openDatabase(folder, 0, steps)).fault).toBe('unusable');
    const db = openDatabase(folder, 0, [...MIGRATIONS, 'CREATE TABLE more (a TEXT)']);
    expect(versionOf(db)).toBe(MIGRATIONS.length + 1);
    db.close();
  });
});

describe('stored sessions', () => {
  it('come back as they were, oldest first (ORCH-4604)', () => {
    const first = new SqliteSessionStore(openDatabase(folder, 0));
    const records = [
      record(2),
      record(1, { lastReplica: undefined, origin: { ...record(1).origin, clientId: 'key' } }),
    ];
    first.write(records, []);
    first.close();
    const second = new SqliteSessionStore(openDatabase(folder, 0));
    expect(second.load()).toEqual(records.toReversed());
    second.close();
  });

  it('change and go in one transaction (ORCH-4604)', () => {
    const sessions = new SqliteSessionStore(openDatabase(folder, 0));
    sessions.write([record(1), record(2)], []);
    const broken = { ...record(3), turns: 'many' as unknown as number };
    expect(() => sessions.write([record(1, { turns: 9 }), broken], [record(2)])).toThrow();
    expect(sessions.load().map(({ turns }) => turns)).toEqual([1, 2]);
    sessions.write([record(1, { turns: 9 })], [record(2)]);
    expect(sessions.load().map(({ turns }) => turns)).toEqual([9]);
    sessions.close();
    sessions.close();
  });
});

/** The page of the table, filled with noise. */
function brokenPage(bytes: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 0x5a)]);
}
