import { digest, entryOf } from '../../test/support/catalog-entries.js';
import { FakeClock, settle } from '../../test/support/fake-clock.js';
import { QuietLogger } from '../../test/support/quiet-logger.js';
import { type Catalog } from './catalog.js';
import { type Removal } from './catalog-store.js';
import { type CatalogEntry } from './entry.js';
import { type LocalModel } from './fetch/local-model.js';
import { Removals } from './removals.js';

function rig(entries: CatalogEntry[] = []) {
  const clock = new FakeClock();
  let waiting: Removal[] = [{ id: 'm', digest: digest('1'), dueMs: clock.epochMs() + 1_000 }];
  const gone: string[] = [];
  const leased = new Set<string>();
  const removals = new Removals({
    ...{ clock, logger: new QuietLogger() },
    catalog: {
      get all() {
        return entries;
      },
      get: (id: string) => entries.find((entry) => entry.id === id),
    } as unknown as Catalog,
    store: {
      removals: async () => waiting,
      settle: async (settled) => void (waiting = waiting.filter((one) => one !== settled)),
    },
    files: { remove: async (id) => void gone.push(`folder of ${id}`) },
    fetches: {
      remove: async (of) => (leased.has(of) ? false : gone.push(`weights ${of}`) > 0),
      local: async (of) => (leased.has(of) ? ({ isCached: true } as LocalModel) : undefined),
    },
  });
  return { removals, clock, gone, leased, waiting: () => waiting };
}

describe('Files of a removed model', () => {
  it('go when their time has come, not before (ORCH-4607)', async () => {
    const { removals, clock, gone, waiting } = rig();
    await removals.sweep();
    expect([gone, waiting().length]).toEqual([[], 1]);
    await clock.advance(1_000);
    await removals.sweep();
    expect([gone, waiting().length]).toEqual([[`weights ${digest('1')}`, 'folder of m'], 0]);
  });

  it('stay for as long as an engine uses them, and go with a later look (ORCH-4607)', async () => {
    const { removals, clock, gone, leased, waiting } = rig();
    leased.add(digest('1'));
    await clock.advance(1_000);
    removals.start();
    await settle();
    expect([gone, waiting().length]).toEqual([[], 1]);
    leased.clear();
    await clock.advance(600_000);
    expect(waiting()).toEqual([]);
    removals.stop();
    expect(clock.pending).toBe(0);
  });

  it('stay when another entry has them, or the id was given again (ORCH-4607)', async () => {
    const { removals, clock, gone, waiting } = rig([entryOf('m', { digest: digest('1') })]);
    await clock.advance(1_000);
    await removals.sweep();
    expect([gone, waiting()]).toEqual([[], []]);
  });
});
