import { artifact, ArtifactRig } from '../../test/support/artifact-rig.js';
import { MemoryArtifactRows, MemoryBlobs } from '../../test/support/memory-artifacts.js';
import { type CollectorSettings } from './collector.js';
import { type ArtifactRow, type NewArtifact } from './artifact.js';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

function rigWith(settings: Partial<CollectorSettings> = {}, tenantMaxBytes = 0): ArtifactRig {
  return new ArtifactRig(new MemoryArtifactRows(), new MemoryBlobs(), settings, tenantMaxBytes);
}

const textOf = (row: ArtifactRow) => row.tags[0];
const put = (rig: ArtifactRig, text: string, more: Partial<NewArtifact> = {}) =>
  rig.artifacts.put(artifact(text, { tags: [text], ...more }));

async function left(rig: ArtifactRig): Promise<readonly (string | undefined)[]> {
  return (await rig.artifacts.list({ tenantId: 'default', limit: 200 })).map(textOf);
}

describe('A collection', () => {
  it('ends rows by the age of their kind, but those tagged keep (ORCH-4603)', async () => {
    const rig = rigWith({ maxAgeDays: 60, traceMaxAgeDays: 30 });
    await put(rig, 'plan');
    await put(rig, 'trace', { kind: 'trace' });
    await put(rig, 'kept', { kind: 'trace', tags: ['kept', 'keep'] });
    rig.clock.leap(31 * DAY_MS);
    await put(rig, 'young', { kind: 'trace' });
    expect(await rig.collector.collect()).toMatchObject({ rows_expired: 1, rows_displaced: 0 });
    expect(await left(rig)).toEqual(['young', 'kept', 'plan']);
    rig.clock.leap(30 * DAY_MS);
    expect(await rig.collector.collect()).toMatchObject({ rows_expired: 1 });
    expect(await left(rig)).toEqual(['young', 'kept']);
  });

  it('keeps for ever where no age is set (ORCH-4603)', async () => {
    const rig = rigWith();
    await put(rig, 'trace', { kind: 'trace' });
    rig.clock.leap(10_000 * DAY_MS);
    expect(await rig.collector.collect()).toMatchObject({ rows_expired: 0 });
  });

  it('ends the oldest rows, and no more than have to go, when all together are too much (ORCH-4603)', async () => {
    const { sizeBytes } = await put(rigWith(), 'n-00');
    const rig = rigWith({ maxTotalBytes: 3 * sizeBytes });
    for (const text of ['n-00', 'n-01', 'n-02', 'n-03', 'n-04']) await put(rig, text);
    // The oldest content has a younger row too, so that ending the old one frees nothing.
    await put(rig, 'n-00');
    expect(await rig.collector.collect()).toMatchObject({ rows_displaced: 3, bytes_kept: 3 * sizeBytes });
    expect(await left(rig)).toEqual(['n-00', 'n-04', 'n-03']);
  });

  it('frees a content with the last row that any tenant has of it (ORCH-4602, ORCH-4603)', async () => {
    const rig = rigWith({ traceMaxAgeDays: 1, graceMs: 0 });
    const { id } = await put(rig, 'shared', { kind: 'trace' });
    rig.clock.leap(DAY_MS);
    await put(rig, 'shared', { kind: 'trace', tenantId: 'other' });
    rig.clock.leap(DAY_MS / 2);
    expect(await rig.collector.collect()).toMatchObject({ rows_expired: 1, blobs_removed: 0 });
    expect(await rig.artifacts.get('default', id)).toBeUndefined();
    expect(await rig.artifacts.get('other', id)).toBeDefined();
    rig.clock.leap(DAY_MS);
    expect(await rig.collector.collect()).toMatchObject({ rows_expired: 1, blobs_removed: 1, bytes_kept: 0 });
  });

  it('leaves a content without a row alone for the grace, and for good when a row comes in time (ORCH-4603)', async () => {
    const rig = rigWith({ traceMaxAgeDays: 1, graceMs: 10 * MINUTE_MS });
    await put(rig, 'gone', { kind: 'trace' });
    await put(rig, 'back', { kind: 'trace' });
    rig.clock.leap(2 * DAY_MS);
    expect(await rig.collector.collect()).toMatchObject({ rows_expired: 2, blobs_removed: 0, blobs_waiting: 2 });
    await put(rig, 'back', { kind: 'trace' });
    rig.clock.leap(10 * MINUTE_MS - 1);
    expect(await rig.collector.collect()).toMatchObject({ blobs_removed: 0, blobs_waiting: 1 });
    rig.clock.leap(1);
    expect(await rig.collector.collect()).toMatchObject({ blobs_removed: 1, blobs_waiting: 0 });
  });

  it('happens by itself at its interval, and again when the grace of what it found is over (ORCH-4603)', async () => {
    const rig = rigWith({ traceMaxAgeDays: 1, intervalMs: 60 * MINUTE_MS });
    const removed = async () => (await rig.blobs.all()[Symbol.asyncIterator]().next()).done === true;
    await put(rig, 'old', { kind: 'trace' });
    rig.collector.start();
    await rig.clock.advance(DAY_MS + 60 * MINUTE_MS);
    expect(await left(rig)).toEqual([]);
    expect(await removed()).toBe(false);
    await rig.clock.advance(10 * MINUTE_MS);
    expect(await removed()).toBe(true);
    await rig.collector.stop();
    expect(rig.clock.pending).toBe(0);
  });
});

it('A collection that is stopped removes nothing more (ORCH-4603)', async () => {
  const rig = rigWith({ traceMaxAgeDays: 1, graceMs: 0 });
  for (const text of ['one', 'two']) await put(rig, text, { kind: 'trace' });
  rig.clock.leap(2 * DAY_MS);
  await rig.collector.stop();
  expect(await rig.collector.collect()).toMatchObject({ rows_expired: 0, blobs_removed: 0 });
  expect(await left(rig)).toEqual(['two', 'one']);
});

describe('The quota of a tenant', () => {
  it('holds for puts that come at the same time (ORCH-4602)', async () => {
    const rig = rigWith({}, 120);
    const puts = ['one', 'two', 'six', 'ten'].map((text) => put(rig, text));
    const outcomes = await Promise.allSettled(puts);
    const refused = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(refused.map(({ reason }) => (reason as { code: string }).code)).toEqual(refused.map(() => 'QUOTA_EXCEEDED'));
    expect(await rig.rows.bytesOf('default')).toBeLessThanOrEqual(120);
    // Together they were too much; one after the other they fit until the room is used up.
    for (const text of ['one', 'two', 'six', 'ten']) await put(rig, text).catch(() => {});
    expect(await rig.rows.bytesOf('default')).toBe(120);
  });
});
