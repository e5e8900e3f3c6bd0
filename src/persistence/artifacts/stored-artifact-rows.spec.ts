import fc from 'fast-check';
import { type ArtifactId } from '../../artifacts/artifact-id.js';
import { ARTIFACT_KINDS, type ArtifactRow, type RowQuery } from '../../artifacts/artifact.js';
import { MemoryArtifactRows } from '../../../test/support/memory-artifacts.js';
import { StoreRig } from '../../../test/support/store-rig.js';
import { StoredArtifactRows } from './stored-artifact-rows.js';

const idOf = (digit: string) => `sha256:${digit.repeat(64)}` as ArtifactId;
const id = fc.constantFrom('1', '2', '3', '4').map(idOf);
const tenantId = fc.constantFrom('a', 'b');
const kind = fc.constantFrom(...ARTIFACT_KINDS.slice(0, 2));
const tags = fc.uniqueArray(fc.constantFrom('keep', 'x', 'é"\\', 'task:1'), { maxLength: 3 });
const createdMs = fc.nat({ max: 5 });

const added = fc.record({
  ...{ tenantId, id, kind, tags, createdMs, redacted: fc.boolean() },
  parent: fc.option(id, { nil: undefined }),
  metadata: fc.dictionary(fc.string(), fc.constantFrom('text', 1, null), { maxKeys: 2 }),
});
const removed = fc.array(fc.nat({ max: 30 }), { maxLength: 5 });
const query = fc.record({
  ...{ tenantId, tags },
  id: fc.option(id, { nil: undefined }),
  kind: fc.option(kind, { nil: undefined }),
  parent: fc.option(id, { nil: undefined }),
  sinceMs: fc.option(createdMs, { nil: undefined }),
  beforeSeq: fc.option(fc.nat({ max: 30 }), { nil: undefined }),
  limit: fc.integer({ min: 1, max: 5 }),
});
const step = fc.oneof(
  { weight: 4, arbitrary: added.map((row) => ({ type: 'add', row }) as const) },
  { weight: 1, arbitrary: removed.map((seqs) => ({ type: 'remove', seqs }) as const) },
);

/** Equal ids are equal contents. */
const sizeOf = (one: ArtifactId) => 100 + Number(one[7]);

describe('Rows of artifacts in the store', () => {
  const storage = new StoreRig();
  afterAll(() => storage.remove());

  it('are what was added and not removed, by whatever they are asked for (ORCH-4602, ORCH-4603, OC-CTRL-2066)', async () => {
    const stored = new StoredArtifactRows(await storage.open());
    let faults = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 20 }),
        fc.array(query, { minLength: 5, maxLength: 5 }),
        async (steps, queries) => {
          const model = new MemoryArtifactRows();
          const [first] = [await stored.lastSeq()];
          expect(first).toBe(0);
          for (const one of steps) {
            if (one.type === 'remove') await Promise.all([stored.remove(one.seqs), model.remove(one.seqs)]);
            else faults += await addToBoth(stored, model, one.row);
          }
          await expectAlike(stored, model, queries);
          const all = model.rows.map(({ seq }) => seq);
          await Promise.all([stored.remove(all), model.remove(all)]);
          await expectAlike(stored, model, queries);
        },
      ),
      { numRuns: 100 },
    );
    expect(faults).toBeGreaterThan(20);
  }, 300_000);
});

async function addToBoth(
  stored: StoredArtifactRows,
  model: MemoryArtifactRows,
  row: Omit<ArtifactRow, 'seq' | 'sizeBytes'>,
): Promise<number> {
  const seq = Math.max(0, ...model.rows.map((one) => one.seq)) + 1;
  const numbered = { ...row, seq, sizeBytes: sizeOf(row.id) };
  const [fault, expected] = [await stored.add(numbered), await model.add(numbered)];
  expect(fault).toBe(expected);
  return fault === undefined ? 0 : 1;
}

async function expectAlike(
  stored: StoredArtifactRows,
  model: MemoryArtifactRows,
  queries: readonly RowQuery[],
): Promise<void> {
  const ids = ['1', '2', '3', '4'].map(idOf);
  for (const one of queries) expect(await stored.list(one)).toEqual(await model.list(one));
  for (const tenant of ['a', 'b']) {
    expect(await stored.bytesOf(tenant)).toBe(await model.bytesOf(tenant));
    for (const one of ids) expect(await stored.has(tenant, one)).toBe(await model.has(tenant, one));
  }
  expect(await stored.allBytes()).toBe(await model.allBytes());
  expect(await stored.oldest(2, 3)).toEqual(await model.oldest(2, 3));
  expect(await stored.unreferenced(ids)).toEqual(await model.unreferenced(ids));
  const expired = await Promise.all([stored.expired('plan', 3, 200), model.expired('plan', 3, 200)]);
  expect([...expired[0]].sort()).toEqual([...expired[1]].sort());
}
