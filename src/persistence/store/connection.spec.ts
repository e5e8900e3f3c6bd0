import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { dataFolder } from '../../config/index.js';
import { prepareFolder } from '../data-folder.js';
import { StoreError } from '../store-error.js';
import { type Connection, openConnection, versionOf } from './connection.js';
import { storePath } from './connection-path.js';
import { ormView } from './migrate.js';
import { MIGRATIONS } from './migrations/index.js';
import { StoreDesk } from './store-desk.js';

let folder: string;
const opened: Connection[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-store-'))));
afterEach(() => {
  for (const { db } of opened.splice(0)) db.close();
  rmSync(folder, { recursive: true, force: true });
});

const LATEST = MIGRATIONS.length;
const modeOf = (path: string) => statSync(path).mode & 0o777;

async function open(migrations = MIGRATIONS): Promise<Connection> {
  const connection = await openConnection(folder, 0, migrations);
  opened.push(connection);
  return connection;
}

/** Opens it, lets something be done to it, and closes it. */
async function prepared(change: (db: Database) => void): Promise<void> {
  const { db } = await open();
  change(db);
  db.close();
}

async function faultOf(opening: Promise<unknown>): Promise<StoreError> {
  const error: unknown = await opening.then(() => undefined).catch((thrown: unknown) => thrown);
  if (error instanceof StoreError) return error;
  throw new Error(`the store was opened, or failed otherwise: ${String(error)}`);
}

/** A migration after the last one. */
function further(number: number, sql: string) {
  return class implements MigrationInterface {
    readonly name = `further-${String(9_000_000_000_000 + number)}`;
    async up(runner: QueryRunner) {
      await runner.query(sql);
    }
    async down() {}
  };
}

describe('the data folder', () => {
  it('is what the config names, from the folder of the config on, else that of the user (ORCH-4801)', () => {
    expect(dataFolder('/srv/x', '/etc', {})).toBe('/srv/x');
    expect(dataFolder('data', '/etc/llama-orch', {})).toBe('/etc/llama-orch/data');
    expect(dataFolder(undefined, '/etc', { XDG_DATA_HOME: '/xdg', HOME: '/home/a' })).toBe('/xdg/llama-orch');
    expect(dataFolder(undefined, '/etc', { HOME: '/home/a' })).toBe('/home/a/.local/share/llama-orch');
  });

  it('and its files are for their owner alone (ORCH-4808)', async () => {
    folder = join(folder, 'a', 'b');
    prepareFolder(folder);
    await open();
    expect([folder, storePath(folder), join(folder, 'holder.json')].map(modeOf)).toEqual([0o700, 0o600, 0o600]);
  });

  it('that cannot be made is refused with a hint', () => {
    writeFileSync(join(folder, 'file'), '');
    const making = () => prepareFolder(join(folder, 'file', 'x'));
    expect(making).toThrow(StoreError);
    expect(making).toThrow(/LLORCH_DATA_DIR/);
  });
});

describe('a store', () => {
  it('belongs to one process at a time, whose number is told (ORCH-4808)', async () => {
    const first = await open();
    const { fault, message } = await faultOf(openConnection(folder, 0));
    expect([fault, message]).toEqual(['locked', expect.stringContaining(`process ${process.pid},`) as string]);
    first.db.close();
    await open();
  });

  it('that another program writes to is in use, and told so at once (ORCH-4808)', async () => {
    await prepared(() => {});
    // Of a process that has ended; no system gives numbers as high as this.
    writeFileSync(join(folder, 'holder.json'), JSON.stringify({ pid: 999_999_999, since: 'long ago' }));
    const foreign = new Database(storePath(folder));
    foreign.exec('BEGIN IMMEDIATE');
    const { fault, message } = await faultOf(openConnection(folder, 0));
    foreign.close();
    expect([fault, message]).toEqual(['locked', expect.stringContaining('another process') as string]);
    await open();
  });

  it('is out of reach for other programs while it is open (ORCH-4808)', async () => {
    await open();
    const foreign = new Database(storePath(folder), { timeout: 0 });
    expect(() => foreign.exec('BEGIN IMMEDIATE')).toThrow(/locked/);
    foreign.close();
  });

  it('of the right version without its tables is damaged (ORCH-4808)', async () => {
    await prepared((db) => db.exec('DROP TABLE sessions'));
    const cut = await open();
    expect(() => new StoreDesk(cut)).toThrow(/is damaged: no such table: sessions/);
  });

  it('of a newer version is left alone (ORCH-4808)', async () => {
    const newer = [...MIGRATIONS, further(1, 'SELECT 1')];
    (await openConnection(folder, 0, newer)).db.close();
    expect((await faultOf(openConnection(folder, 0))).fault).toBe('too-new');
    const again = await open(newer);
    expect(versionOf(again.db)).toBe(LATEST + 1);
  });

  it('of an older version is copied and then brought forward, step by step (ORCH-4808)', async () => {
    await prepared((db) => db.exec("INSERT INTO remembered_answers VALUES ('a', 'b', 'c', 1)"));
    const { db } = await open([
      ...MIGRATIONS,
      further(1, 'ALTER TABLE remembered_answers ADD COLUMN extra TEXT'),
      further(2, "UPDATE remembered_answers SET extra = 'x'"),
    ]);
    expect(versionOf(db)).toBe(LATEST + 2);
    expect(db.prepare('SELECT extra FROM remembered_answers').all()).toEqual([{ extra: 'x' }]);
    const copy = new Database(`${storePath(folder)}.v${LATEST}`);
    expect(copy.prepare('SELECT * FROM remembered_answers').all()).toEqual([
      { name: 'a', digest: 'b', answer: 'c', expires_ms: 1 },
    ]);
    copy.close();
    expect(modeOf(`${storePath(folder)}.v${LATEST}`)).toBe(0o600);
  });

  it.each([0, 1, 2, LATEST - 1, LATEST])(
    'that was of version %i is out of reach for other programs once it is open (ORCH-4808)',
    async (version) => {
      if (version > 0) (await openConnection(folder, 0, MIGRATIONS.slice(0, version))).db.close();
      await open();
      // Another process: in this one the locks of all connections are one.
      const script = `
        const db = new (require('better-sqlite3'))(process.argv[1], { timeout: 0 });
        try { db.exec('BEGIN IMMEDIATE'); console.log('took it'); } catch (error) { console.log(error.code); }`;
      const said = execFileSync(process.execPath, ['-e', script, storePath(folder)], { encoding: 'utf8' });
      expect(said.trim()).toBe('SQLITE_BUSY');
    },
  );

  it('whose migration was cut short keeps the copy of the version before, whatever is tried next (ORCH-4808)', async () => {
    await prepared(() => {});
    const drop = further(1, 'DROP TABLE remembered_answers');
    const failing = further(2, 'INSERT INTO nowhere VALUES (1)');
    const steps = [...MIGRATIONS, drop, failing];
    for (let start = 0; start < 3; start++)
      expect((await faultOf(openConnection(folder, 0, steps))).fault).toBe('unusable');
    const copy = new Database(`${storePath(folder)}.v${LATEST}`);
    expect(copy.prepare('SELECT * FROM remembered_answers').all()).toEqual([]);
    expect(versionOf(copy)).toBe(LATEST);
    copy.close();
    const { db } = await open([...MIGRATIONS, drop, further(2, 'SELECT 1')]);
    expect(versionOf(db)).toBe(LATEST + 2);
  });

  it.each([
    ['none of them', 'DELETE FROM migrations'],
    ['no list of them', 'DROP TABLE migrations'],
    ['others', "UPDATE migrations SET name = 'strange-0000000000001' WHERE id = 1"],
  ])('that has seen other steps than its version says is damaged: %s (ORCH-4808)', async (_what, change) => {
    await prepared((db) => db.exec(change));
    const before = readFileSync(storePath(folder));
    const { fault, message } = await faultOf(openConnection(folder, 0));
    expect([fault, message]).toEqual(['damaged', expect.stringContaining(`of version ${LATEST}`) as string]);
    expect(readFileSync(storePath(folder)).equals(before)).toBe(true);
    expect(existsSync(`${storePath(folder)}.v${LATEST}`)).toBe(false);
  });

  it('of a time before the migrations were counted goes on with its sessions (ORCH-4604)', async () => {
    const old = new Database(storePath(folder));
    old.exec(`CREATE TABLE sessions (tenant_id TEXT NOT NULL, session_id TEXT NOT NULL, turns INTEGER NOT NULL,
      used_tokens INTEGER NOT NULL, used_time_ms INTEGER NOT NULL, used_cost INTEGER NOT NULL, last_replica TEXT,
      open_tasks INTEGER NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
      correlation_id TEXT NOT NULL, client_id TEXT, user_agent TEXT, PRIMARY KEY (tenant_id, session_id)) STRICT;
      INSERT INTO sessions VALUES ('default', 's', 3, 1, 2, 4, NULL, 0, 5, 6, 'c', NULL, NULL);
      PRAGMA user_version = 1`);
    old.close();
    const connection = await open();
    const rows = await new StoreDesk(connection).serve({
      type: 'read',
      id: 1,
      query: 'allSessions',
      values: undefined,
    });
    expect(rows).toMatchObject([{ tenant_id: 'default', session_id: 's', turns: 3, used_cost: 4 }]);
    expect(versionOf(connection.db)).toBe(LATEST);
    expect(existsSync(`${storePath(folder)}.v1`)).toBe(true);
  });

  it('keeps the version before when a step fails, and the steps that were done (ORCH-4808)', async () => {
    await prepared(() => {});
    const more = further(1, 'CREATE TABLE more (a TEXT) STRICT');
    const failing = further(2, 'INSERT INTO nowhere VALUES (1)');
    expect((await faultOf(openConnection(folder, 0, [...MIGRATIONS, more, failing]))).fault).toBe('unusable');
    const { db } = await open([...MIGRATIONS, more]);
    expect(versionOf(db)).toBe(LATEST + 1);
    expect(db.prepare('SELECT * FROM more').all()).toEqual([]);
  });

  it('holds a statement of every name that the parts know (ORCH-4808)', async () => {
    const connection = await open();
    expect(() => new StoreDesk(connection)).not.toThrow();
  });

  it('has the tables, columns, keys and indices that its entities name, and no other (ORCH-4808)', async () => {
    const connection = await open();
    const source = await ormView(connection);
    const { db } = connection;
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    const strict = db
      .prepare<{ name: string }>("SELECT name FROM pragma_table_list WHERE strict AND type = 'table'")
      .all();
    const named = source.entityMetadatas.map(({ tableName }) => tableName);
    expect(strict.map(({ name }) => name).sort()).toEqual(named.sort());
  });

  it('that is no database is left as it is (ORCH-4808)', async () => {
    writeFileSync(storePath(folder), 'not a database at all, but long enough to be looked at as one'.repeat(20));
    const before = readFileSync(storePath(folder));
    const { fault, message } = await faultOf(openConnection(folder, 0));
    expect([fault, message]).toEqual(['damaged', expect.stringContaining('nothing was changed') as string]);
    expect(readFileSync(storePath(folder)).equals(before)).toBe(true);
  });
});
