import fc from 'fast-check';
import { artifact, ArtifactRig } from '../support/artifact-rig.js';
import { MemoryArtifactRows, MemoryBlobs } from '../support/memory-artifacts.js';

const DAY_MS = 86_400_000;
/** SCHEDULES=10000 for a long look. */
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 1_000);

const content = fc.constantFrom('one', 'two', 'three');
const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('put' as const), content, tenantId: fc.constantFrom('a', 'b') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('get' as const), content, tenantId: fc.constantFrom('a', 'b') }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('collect' as const), days: fc.constantFrom(0, 2, 2) }) },
);

describe('The collection of artifacts', () => {
  it('never removes a content that a row refers to, however puts, reads and collections fall together (F-28, ORCH-4603)', async () => {
    let removed = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.array(action, { minLength: 2, maxLength: 6 }), { minLength: 2, maxLength: 3 }),
        fc.constantFrom(0, 100),
        async (scheduler, callers, maxTotalBytes) => {
          const turn = (what: string) => scheduler.schedule(Promise.resolve(), what);
          const rows = new MemoryArtifactRows(turn);
          const blobs = new MemoryBlobs(turn);
          const rig = new ArtifactRig(rows, blobs, { maxAgeDays: 1, graceMs: 0, maxTotalBytes });
          const idOf = new Map<string, Awaited<ReturnType<typeof rig.artifacts.put>>['id']>();
          const run = async (one: (typeof callers)[number][number]) => {
            if (one.type === 'collect') {
              rig.clock.leap(one.days * DAY_MS);
              removed += (await rig.collector.collect()).blobs_removed;
              return;
            }
            if (one.type === 'put')
              idOf.set(one.content, (await rig.artifacts.put(artifact(one.content, { tenantId: one.tenantId }))).id);
            const id = idOf.get(one.content);
            if (id === undefined) return;
            const kept = await rig.artifacts.get(one.tenantId, id);
            if (kept !== undefined) expect(Buffer.from(kept.content).toString()).toContain(one.content);
          };
          const all = Promise.all(
            callers.map(async (actions) => {
              for (const one of actions) await run(one);
            }),
          );
          let isOver = false;
          const over = all.finally(() => (isOver = true));
          over.catch(() => {});
          while (!isOver) {
            if (scheduler.count() > 0) await scheduler.waitOne();
            else await new Promise((resolve) => setImmediate(resolve));
            const orphans = rows.rows.filter(({ id }) => !blobs.blobs.has(id));
            expect(orphans).toEqual([]);
          }
          await over;
        },
      ),
      { numRuns: SCHEDULES },
    );
    expect(removed).toBeGreaterThan(SCHEDULES / 20);
  }, 300_000);
});
