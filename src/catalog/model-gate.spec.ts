import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digest, entryOf } from '../../test/support/catalog-entries.js';
import { eventually } from '../../test/support/eventually.js';
import { QuietLogger } from '../../test/support/quiet-logger.js';
import { type Catalog } from './catalog.js';
import { type Digests } from './digests.js';
import { type CatalogEntry } from './entry.js';
import { type EntryTrust } from './entry-trust.js';
import { ModelGate } from './model-gate.js';
import { type Quarantine } from './quarantine.js';
import { UnaskedDigests } from './unasked-digests.js';
import { type Place, type Weights } from './weights.js';

const NEVER = new AbortController().signal;
const HERE = { isElsewhere: false, ownPath: undefined };

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-gate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'weights');
beforeEach(() => writeFileSync(path, 'weights'));

interface World {
  readonly place?: Place;
  readonly found?: string;
  /** In the place of an answer at once. */
  readonly hash?: Digests['of'];
}

function rig(more: Partial<CatalogEntry>, { place, found = digest('0'), hash }: World = {}) {
  let entry = entryOf('m', more);
  const events: string[] = [];
  const logger = new QuietLogger();
  const catalog = {
    adopt: async () => entry,
    get: () => entry,
    learn: async (_id: string, findings: Partial<CatalogEntry>) => void (entry = { ...entry, ...findings }),
  } as unknown as Catalog;
  const digests = { of: hash ?? (async () => (events.push('hashed'), { digest: found, sizeBytes: 7 })) } as Digests;
  const unasked = new UnaskedDigests({ catalog, digests, logger });
  const gate = new ModelGate({
    ...{ logger, catalog, digests, unasked },
    weights: { find: async () => place ?? { type: 'engine' } } as unknown as Weights,
    trust: { isStrict: () => false } as unknown as EntryTrust,
    quarantine: { putAway: async () => void events.push('put away') } as unknown as Quarantine,
    fetches: { lease: (of) => (events.push(`lease ${of}`), () => void events.push('released')) },
  });
  return { gate, unasked, events, logger, entry: () => entry };
}

const local = (isOurs: boolean): Place => ({ type: 'local', path, isOurs, digest: isOurs ? digest('0') : undefined });

describe('The gate before an engine', () => {
  it.each<readonly [string, Partial<CatalogEntry>, string]>([
    ['is retired', { state: 'Retired' }, 'model_retired'],
    ['was found wrong', { isQuarantined: true }, 'digest_mismatch'],
  ])('lets no model through that %s (ORCH-3031, ORCH-3064)', async (_what, more, reason) => {
    await expect(rig(more).gate.clear('m', HERE, NEVER)).rejects.toMatchObject({ reason });
  });

  it('lets go of fetched weights when they are wrong, and has them put away (ORCH-3042)', async () => {
    const { gate, events } = rig({}, { place: local(true), found: digest('1') });
    await expect(gate.clear('m', HERE, NEVER)).rejects.toMatchObject({ reason: 'digest_mismatch' });
    expect(events).toEqual([`lease ${digest('0')}`, 'hashed', 'put away', 'released']);
  });

  it('keeps fetched weights from removal for as long as the engine lives (ORCH-4607)', async () => {
    const { gate, events } = rig({}, { place: local(true) });
    const cleared = await gate.clear('m', HERE, NEVER);
    await cleared.confirm(undefined);
    expect(events).toEqual([`lease ${digest('0')}`, 'hashed']);
    cleared.release();
    expect(events.at(-1)).toBe('released');
  });

  it('takes back what changed while the engine loaded it (ORCH-3037-v31)', async () => {
    const cleared = await rig({}, { place: local(false) }).gate.clear('m', HERE, NEVER);
    writeFileSync(path, 'Weights');
    await expect(cleared.confirm(undefined)).rejects.toMatchObject({ reason: 'digest_mismatch' });
  });

  it('compares what an engine says of weights of its own, where it speaks of bytes (ORCH-3037-v31)', async () => {
    const foreign = async (told: string | undefined, more: Partial<CatalogEntry> = {}) => {
      const made = rig(more);
      await (await made.gate.clear('m', { ...HERE, isElsewhere: true }, NEVER)).confirm(told);
      return made;
    };
    await foreign(digest('0'));
    await expect(foreign(digest('1'))).rejects.toMatchObject({ reason: 'digest_mismatch' });
    for (const told of [undefined, 'tgi:org/m:abc'])
      expect((await foreign(told)).logger.of('trust_warning').length).toBe(1);
    const undeclared = { isSupplied: false, digest: undefined };
    expect((await foreign('tgi:org/m:abc', undeclared)).entry().digest).toBeUndefined();
    expect((await foreign(digest('1'), undeclared)).entry().digest).toBe(digest('1'));
  });

  describe('of a model whose digest nobody supplied', () => {
    const undeclared = { isSupplied: false, digest: undefined };

    /** Weights so large that reading them ends only when the test says so, or they are given up. */
    function endless() {
      const over = Promise.withResolvers<{ digest: string; sizeBytes: number }>();
      const seen: { signal?: AbortSignal } = {};
      const hash = (_path: string, signal: AbortSignal) => {
        seen.signal = signal;
        signal.addEventListener('abort', () => over.reject(signal.reason));
        return over.promise;
      };
      return { ...rig(undeclared, { place: local(false), hash }), seen, end: over.resolve };
    }

    it('works it out while the engine loads, and on when that was unloaded before it was known (ORCH-3037-v31)', async () => {
      const { gate, unasked, entry, seen, end } = endless();
      const cleared = await gate.clear('m', HERE, NEVER);
      await cleared.confirm(undefined);
      cleared.release();
      expect([seen.signal?.aborted, entry().digest]).toEqual([false, undefined]);
      end({ digest: digest('1'), sizeBytes: 7 });
      await eventually(() => expect(entry().digest).toBe(digest('1')));
      await unasked.close();
    });

    it('gives the reading up when the engine does not load, without a warning (ORCH-3037-v31)', async () => {
      const { gate, unasked, logger, entry, seen } = endless();
      (await gate.clear('m', HERE, NEVER)).release();
      expect(seen.signal?.aborted).toBe(true);
      await unasked.close();
      expect([entry().digest, logger.of('verify')]).toEqual([undefined, []]);
    });

    it('gives it up when the daemon ends (ORCH-4808)', async () => {
      const { gate, unasked, logger, seen } = endless();
      await (await gate.clear('m', HERE, NEVER)).confirm(undefined);
      await unasked.close();
      expect([seen.signal?.aborted, logger.of('verify')]).toEqual([true, []]);
    });
  });
});
