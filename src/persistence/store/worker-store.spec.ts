import { join } from 'node:path';
import Database from 'better-sqlite3';
import { eventually } from '../../../test/support/eventually.js';
import { settle } from '../../../test/support/fake-clock.js';
import { brokenUnit, reasonOf, sessionUnit, StoreRig } from '../../../test/support/store-rig.js';
import { type Store } from './store.js';

let rig: StoreRig;
beforeEach(() => (rig = new StoreRig()));
afterEach(() => rig.remove());

async function turns(store: Store): Promise<number[]> {
  return (await store.read<{ readonly turns: number }>('allSessions')).map((row) => row.turns);
}

const seriesOf = async (name: string) =>
  Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await rig.metrics.text())?.[1]);

describe('the store in a thread', () => {
  it('keeps what it acknowledged over a restart (ORCH-4808)', async () => {
    const first = await rig.open();
    await first.write(sessionUnit(1));
    await first.write(sessionUnit(2), 'relaxed');
    await first.close();
    await first.close();
    expect(await turns(await rig.open())).toEqual([1, 2]);
  });

  it('lets units of one moment share commits (ORCH-4808)', async () => {
    const store = await rig.open();
    await Promise.all(Array.from({ length: 100 }, (_, number) => store.write(sessionUnit(number))));
    expect(await turns(store)).toHaveLength(100);
    expect(await seriesOf('llama_orch_store_write_seconds_count')).toBeLessThan(5);
  });

  it('rejects the unit that does not fit, whole and alone (ORCH-4808)', async () => {
    const store = await rig.open();
    const writes = [sessionUnit(1), brokenUnit(3), sessionUnit(2), [{ statement: 'unheardOf' }]];
    expect(await Promise.all(writes.map((unit) => reasonOf(store.write(unit))))).toEqual([
      ...['kept', 'constraint', 'kept', 'refused'],
    ]);
    expect(await turns(store)).toEqual([1, 2]);
    expect(store.isWritable).toBe(true);
    expect(await seriesOf('llama_orch_store_errors_total')).toBe(2);
  });

  it('shows a reader what was written before, acknowledged or not (ORCH-4808)', async () => {
    const store = await rig.open();
    const written = [store.write(sessionUnit(1)), store.write(sessionUnit(2))];
    const read = turns(store);
    const later = store.write(sessionUnit(3));
    expect(await read).toEqual([1, 2]);
    await Promise.all([...written, later]);
  });

  it('refuses what would wait in too much memory (ORCH-4808)', async () => {
    const store = await rig.open({ mostWaitingBytes: 3_000 });
    const reasons = await Promise.all([1, 2, 3, 4, 5].map((number) => reasonOf(store.write(sessionUnit(number)))));
    expect(reasons).toEqual([
      ...reasons.filter((reason) => reason === 'kept'),
      ...reasons.slice(reasons.indexOf('overloaded')),
    ]);
    expect(reasons).toEqual(expect.arrayContaining(['kept', 'overloaded']));
    expect(await reasonOf(store.write(sessionUnit(6)))).toBe('kept');
    expect(store.isWritable).toBe(true);
  });

  it('undoes a question that failed half way', async () => {
    const store = await rig.open();
    await store.write(sessionUnit(1));
    await expect(store.ask('halfWay', 'other')).rejects.toMatchObject({ detail: 'half of it was done' });
    expect(await reasonOf(store.ask('unheardOf', {}))).toBe('refused');
    expect(await turns(store)).toEqual([1]);
  });

  it('takes nothing any more once it is closed, after what was on its way (ORCH-4808)', async () => {
    const store = await rig.open();
    const last = store.write(sessionUnit(1));
    const closing = store.close();
    expect(await Promise.all([last, store.write(sessionUnit(2)), turns(store)].map(reasonOf))).toEqual([
      ...['kept', 'closed', 'closed'],
    ]);
    await closing;
    expect(await turns(await rig.open())).toEqual([1]);
  });

  it('refuses what cannot go to the thread, and goes on', async () => {
    const store = await rig.open();
    expect(await reasonOf(store.ask('pragma', () => 'page_count'))).toBe('refused');
    expect(await reasonOf(store.write(sessionUnit(1)))).toBe('kept');
  });

  it('is copied while it is written to, and closes whatever becomes of the copy (HME-051)', async () => {
    const store = await rig.open();
    await Promise.all(Array.from({ length: 400 }, (_, number) => store.write(sessionUnit(number), 'relaxed')));
    const file = join(rig.folder, 'copy.db');
    const [copied, written] = [store.snapshot(file), store.write(sessionUnit(1_000))];
    await Promise.all([copied, written]);
    const copy = new Database(file);
    expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(copy.prepare('SELECT 1 FROM sessions').all().length).toBeGreaterThanOrEqual(400);
    copy.close();
    const interrupted = reasonOf(store.snapshot(join(rig.folder, 'late.db')));
    await store.close();
    expect(['kept', 'refused', 'lost', 'closed', 'busy']).toContain(await interrupted);
    expect(await turns(await rig.open())).toHaveLength(401);
  });

  it('shows how large its log is, and the space that is left (ORCH-4901)', async () => {
    const store = await rig.open();
    await store.write(sessionUnit(1));
    expect(await seriesOf('llama_orch_wal_bytes')).toBeGreaterThan(4_096);
    await eventually(async () => expect(await seriesOf('llama_orch_disk_free_bytes')).toBeGreaterThan(0));
  });

  it('does not let its log grow with what is written', async () => {
    const store = await rig.open();
    for (let round = 0; round < 40; round++) {
      const units = Array.from({ length: 500 }, (_, number) => sessionUnit(number, { turns: round }));
      await Promise.all(units.map((unit) => store.write(unit, 'relaxed')));
    }
    expect(await seriesOf('llama_orch_wal_bytes')).toBeLessThan(8 * 1024 * 1024);
  });
});

describe('a thread that ends unasked', () => {
  it('fails what waits, and is started again with all that was acknowledged (ORCH-4808)', async () => {
    const store = await rig.open();
    await store.write(sessionUnit(1));
    const waiting = [store.ask('endThread', {}), store.write(sessionUnit(2)), turns(store)];
    expect(await Promise.all(waiting.map(reasonOf))).toEqual(['lost', 'lost', 'lost']);
    expect(store.isWritable).toBe(false);
    expect(await reasonOf(store.write(sessionUnit(3)))).toBe('lost');
    await rig.clock.advance(100);
    await eventually(() => expect(store.isWritable).toBe(true));
    await store.write(sessionUnit(4));
    expect(await turns(store)).toEqual([1, 4]);
    expect(rig.logger.of('store').map(({ level }) => level)).toEqual(['error', 'info']);
  });

  it('is tried further when it cannot be started at once (ORCH-4808)', async () => {
    const store = await rig.open();
    await store.write(sessionUnit(1));
    await reasonOf(store.ask('endThread', {}));
    const other = await rig.open();
    await rig.clock.advance(100);
    await eventually(() => expect(rig.logger.of('store').at(-1)?.message).toContain('is in use by'));
    await other.close();
    await rig.clock.advance(200);
    await eventually(() => expect(store.isWritable).toBe(true));
    expect(await turns(store)).toEqual([1]);
  });

  it('is left alone once the store is closed (ORCH-4808)', async () => {
    const store = await rig.open();
    await reasonOf(store.ask('endThread', {}));
    await store.close();
    await rig.clock.advance(60_000);
    expect(store.isWritable).toBe(false);
    expect(await turns(await rig.open())).toEqual([]);
  });
});

describe('a full disk', () => {
  /** The database may not grow any more, which SQLite reports as it does a disk without space. */
  async function fill(store: Store): Promise<void> {
    const [{ page_count: pages }] = await store.ask<[{ page_count: number }]>('pragma', 'page_count');
    await store.ask('pragma', `max_page_count = ${pages}`);
  }

  const crowd = (from: number) => Array.from({ length: 200 }, (_, number) => sessionUnit(from + number));

  it('refuses writes and nothing half, lets readers go on, and needs no restart (ORCH-4808)', async () => {
    const store = await rig.open();
    await store.write(sessionUnit(0));
    for (let cycle = 1; cycle <= 20; cycle++) {
      await fill(store);
      const before = await turns(store);
      const reasons = await Promise.all(crowd(cycle * 1_000).map((unit) => reasonOf(store.write(unit))));
      expect(new Set(reasons)).toEqual(new Set(['full']));
      expect([await turns(store), store.isWritable]).toEqual([before, false]);
      await store.ask('pragma', 'max_page_count = 100000');
      await Promise.all(crowd(cycle * 1_000).map((unit) => store.write(unit)));
      expect([(await turns(store)).length, store.isWritable]).toEqual([before.length + 200, true]);
    }
  });

  it('is tried again without anybody who asks for a write (ORCH-4808)', async () => {
    const store = await rig.open();
    await fill(store);
    await Promise.all(crowd(0).map((unit) => reasonOf(store.write(unit))));
    await store.write([{ statement: 'dropSession', values: { tenantId: 'default', id: 'unknown' } }]);
    expect(store.isWritable).toBe(false);
    await store.ask('pragma', 'query_only = ON');
    await rig.clock.advance(1_000);
    await settle();
    expect(await turns(store)).toEqual([]);
    expect(store.isWritable).toBe(false);
    await store.ask('pragma', 'query_only = OFF');
    await eventually(async () => {
      await rig.clock.advance(1_000);
      expect(store.isWritable).toBe(true);
    });
    expect(rig.logger.of('store').map(({ message }) => message)).toEqual([
      expect.stringContaining('takes no writes'),
      expect.stringContaining('takes writes again'),
    ]);
  });
});
