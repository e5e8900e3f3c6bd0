import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { sessionUnit } from '../../../test/support/store-rig.js';
import { SeededRandom } from '../../kernel/random.js';
import { StoreError } from '../store-error.js';
import { openConnection } from './connection.js';
import { storePath } from './connection-path.js';
import { StoreDesk } from './store-desk.js';

const MUTANTS = 200;
const SESSIONS = 60;
const random = new SeededRandom(20_260_721);
const below = (limit: number) => Math.floor(random.next() * limit);

let sound: string;
let folder: string;

/** A store as a crash leaves it: a part of it lies in the log. */
beforeAll(async () => {
  sound = mkdtempSync(join(tmpdir(), 'llama-orch-sound-'));
  const work = mkdtempSync(join(tmpdir(), 'llama-orch-sound-'));
  const connection = await openConnection(work, 0);
  const desk = new StoreDesk(connection);
  const units = Array.from({ length: SESSIONS }, (_, number) => sessionUnit(number));
  await desk.serve({ type: 'commit', id: 1, units: units.slice(0, SESSIONS / 2), durability: 'full' });
  connection.db.pragma('wal_checkpoint(TRUNCATE)');
  await desk.serve({ type: 'commit', id: 2, units: units.slice(SESSIONS / 2), durability: 'full' });
  for (const end of ['', '-wal']) copyFileSync(`${storePath(work)}${end}`, `${storePath(sound)}${end}`);
  connection.db.close();
  rmSync(work, { recursive: true });
});
afterAll(() => rmSync(sound, { recursive: true, force: true }));
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-damage-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function copySound(): void {
  for (const end of ['', '-wal']) copyFileSync(`${storePath(sound)}${end}`, `${storePath(folder)}${end}`);
}

/** Sessions that are read from it, or the fault that keeps it closed. */
async function outcome(): Promise<number | StoreError> {
  let connection;
  try {
    connection = await openConnection(folder, 0);
    const rows = await new StoreDesk(connection).serve({
      type: 'read',
      id: 1,
      query: 'allSessions',
      values: undefined,
    });
    return (rows as unknown[]).length;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  } finally {
    connection?.db.close();
  }
}

/** Makes one kind of damage, and says which. */
function damage(number: number): string {
  const path = `${storePath(folder)}${number % 4 === 3 ? '-wal' : ''}`;
  const bytes = readFileSync(path);
  const at = below(bytes.length);
  if (number % 2 === 0) {
    const length = 1 + below(64);
    for (let index = at; index < Math.min(bytes.length, at + length); index++) bytes[index] = below(256);
    writeFileSync(path, bytes);
    return `noise at ${at}`;
  }
  truncateSync(path, at);
  return `cut at ${at}`;
}

describe('a damaged store', () => {
  it(`is refused or read, and never removed, in ${MUTANTS} ways of being damaged (ORCH-4808)`, async () => {
    const seen = { refused: 0, read: 0 };
    for (let number = 0; number < MUTANTS; number++) {
      copySound();
      const what = damage(number);
      const found = await outcome();
      if (typeof found === 'number') seen.read++;
      else seen.refused++;
      const size = readFileSync(storePath(folder)).length;
      expect({ what, found, kept: size > 0 || what === 'cut at 0' }).toEqual({
        what,
        found: typeof found === 'number' ? expect.any(Number) : expect.objectContaining({ name: 'StoreError' }),
        kept: true,
      });
      if (found instanceof StoreError) expect(found.message).toMatch(/;.*(backup|storage\.data_dir)/);
    }
    expect(seen.refused).toBeGreaterThan(MUTANTS / 10);
    expect(seen.read).toBeGreaterThan(MUTANTS / 10);
  });

  it('whose log was cut gives back what came before the cut (ORCH-4953)', async () => {
    copySound();
    const wal = `${storePath(folder)}-wal`;
    truncateSync(wal, Math.floor(readFileSync(wal).length / 2));
    expect(await outcome()).toBe(SESSIONS / 2);
    copySound();
    expect(await outcome()).toBe(SESSIONS);
  });

  it('of another program is left as it is (ORCH-4808)', async () => {
    const foreign = new Database(storePath(folder));
    foreign.exec('CREATE TABLE sessions (a TEXT); INSERT INTO sessions VALUES (1)');
    foreign.close();
    expect(await outcome()).toMatchObject({
      fault: 'damaged',
      message: expect.stringContaining('no store of llama-orch') as string,
    });
    const again = new Database(storePath(folder));
    expect(again.prepare('SELECT name FROM sqlite_master').all()).toEqual([{ name: 'sessions' }]);
    again.close();
  });
});
