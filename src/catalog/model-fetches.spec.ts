import { entryOf, digest } from '../../test/support/catalog-entries.js';
import { FakeClock, settle } from '../../test/support/fake-clock.js';
import { QuietLogger } from '../../test/support/quiet-logger.js';
import { type CatalogEntry } from './entry.js';
import { FetchError } from './fetch/fetch-error.js';
import { type FetchProgress } from './fetch/fetch-progress.js';
import { type FetchOrder, type LocalModel } from './fetch/local-model.js';
import { ModelFetches } from './model-fetches.js';
import { orderOf, type Place } from './weights.js';

const NEVER = new AbortController().signal;
const LOCAL = { digest: digest('1'), pinnedRef: 'hf:o/m@0123' } as LocalModel;

function rig({
  isAutomatic = true,
  isStrict = false,
  place,
}: { isAutomatic?: boolean; isStrict?: boolean; place?: Place } = {}) {
  const clock = new FakeClock();
  const logger = new QuietLogger();
  let entry = entryOf('m', { sourceUrl: 'hf:o/m@main', digest: undefined, isSupplied: false });
  const orders: FetchOrder[] = [];
  let outcome: () => Promise<LocalModel> = () => Promise.resolve(LOCAL);
  const fetches = new ModelFetches({
    ...{ clock, logger, isAutomatic },
    catalog: {
      get: () => entry,
      learn: async (_id, findings) => void (entry = { ...entry, ...findings }),
    },
    weights: { find: async (found) => place ?? { type: 'remote', order: orderOf(found) } },
    trust: {
      isStrict: () => isStrict,
      judge: async () => ({
        ...{ verdict: 'fail', warnings: [], signatures: [] },
        reasons: [{ code: 'unsigned', message: 'it has no signature' }],
      }),
    },
    fetches: {
      start: (order) => (orders.push(order), { id: 'f', state: 'fetching' } as FetchProgress),
      ensure: () => outcome(),
    },
  });
  const arrived: CatalogEntry[] = [];
  fetches.listen((one) => arrived.push(one));
  const fail = (error: Error) => (outcome = () => Promise.reject(error));
  return { fetches, orders, arrived, fail, clock, logger, entry: () => entry };
}

describe('Weights that a task asks for', () => {
  it('are fetched; what their ref was resolved to is written down, and their pools are told (ORCH-3062, ORCH-3091)', async () => {
    const { fetches, orders, arrived, entry } = rig();
    expect(await fetches.wanted(entry())).toMatchObject({ state: 'fetching' });
    await settle();
    expect(entry()).toMatchObject({ digest: digest('1'), pinnedRef: 'hf:o/m@0123' });
    expect(arrived).toEqual([entry()]);
    expect(orders).toMatchObject([{ ref: 'hf:o/m@main', isNamedByOperator: false }]);
    await fetches.wanted(entry());
    expect(orders[1]).toMatchObject({ ref: 'hf:o/m@0123', digest: digest('1') });
  });

  it('are left where they are when the operator wants it so, when they are wrong, and when they are here (ORCH-3091)', async () => {
    for (const { fetches, entry } of [rig({ isAutomatic: false }), rig({ place: { type: 'missing' } })])
      expect(await fetches.wanted(entry())).toBeUndefined();
    const { fetches, entry, orders } = rig();
    expect(await fetches.wanted({ ...entry(), isQuarantined: true })).toBeUndefined();
    expect(orders).toEqual([]);
  });

  it('are not fetched again and again when that came to nothing (ORCH-3091)', async () => {
    const { fetches, orders, fail, clock, logger, entry } = rig();
    fail(new FetchError('missing', 'there is no such file'));
    await fetches.wanted(entry());
    await settle();
    expect(logger.lines.map(({ message }) => message)).toEqual([expect.stringContaining('there is no such file')]);
    expect(await fetches.wanted(entry())).toBeUndefined();
    await clock.advance(30_001);
    expect(await fetches.wanted(entry())).toBeDefined();
    expect(orders.length).toBe(2);
  });

  it('that would never be loaded are not fetched at all (ORCH-3061)', async () => {
    const { fetches, orders, entry } = rig({ isStrict: true });
    await expect(fetches.wanted(entry())).rejects.toMatchObject({ code: 'UNTRUSTED_ARTIFACT' });
    await expect(fetches.ensure(entry(), NEVER)).rejects.toMatchObject({ reason: 'model_missing' });
    expect(orders).toEqual([]);
  });
});

it('A reload that waits for weights is told why they did not come (ORCH-2102)', async () => {
  const { fetches, fail, entry } = rig();
  fail(new FetchError('no_space', 'the disk is full; free some space'));
  await expect(fetches.ensure(entry(), NEVER)).rejects.toMatchObject({
    message: 'the disk is full; free some space',
    reason: 'model_missing',
  });
});
