import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { artifactIdOf } from '../../artifacts/artifact-id.js';
import { AppError } from '../../kernel/errors.js';
import { artifact, ArtifactRig } from '../../../test/support/artifact-rig.js';
import { FaultyDisk } from '../../../test/support/faulty-disk.js';
import { FaultyStore } from '../../../test/support/faulty-store.js';
import { StoreRig } from '../../../test/support/store-rig.js';
import { BlobFiles } from './blob-files.js';
import { NodeDisk } from './disk.js';
import { StoredArtifactRows } from './stored-artifact-rows.js';

interface Put {
  readonly store: FaultyStore;
  readonly disk: FaultyDisk;
  readonly rig: ArtifactRig;
}

let storage: StoreRig;
let sound: StoredArtifactRows;
let put: Put;
let root: string;
beforeEach(async () => {
  storage = new StoreRig();
  root = join(storage.folder, 'artifacts');
  const inner = await storage.open();
  const store = new FaultyStore(inner);
  const disk = new FaultyDisk(new NodeDisk());
  sound = new StoredArtifactRows(inner);
  const rig = new ArtifactRig(new StoredArtifactRows(store), await BlobFiles.in(root, disk), { graceMs: 0 }, 10_000);
  put = { store, disk, rig };
});
afterEach(() => storage.remove());

/** No row without its content, nothing half written, and everything goes on. */
async function expectWhole({ rig, disk, store }: Put, text: string): Promise<void> {
  disk.mend();
  store.mend();
  const rows = await sound.list({ tenantId: 'default', limit: 200 });
  for (const { id, tenantId } of rows) expect(await rig.artifacts.get(tenantId, id)).toBeDefined();
  expect(readdirSync(join(root, 'incoming'))).toEqual([]);
  const { id } = await rig.artifacts.put(artifact(text));
  const kept = await rig.artifacts.get('default', id);
  expect(Buffer.from(kept!.content).toString()).toBe(JSON.stringify({ text }));
  const form = Buffer.from(`{"content":${JSON.stringify({ text })},"kind":"plan"}`);
  expect(await artifactIdOf(form)).toBe(id);
}

async function outcomeOf(wanted: Promise<unknown>): Promise<'kept' | AppError> {
  try {
    await wanted;
    return 'kept';
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error;
  }
}

describe.each(['before', 'after'] as const)('A put of which one operation fails, %s it took effect', (moment) => {
  it.each(['disk', 'store'] as const)(
    'leaves nothing half done, whichever of the %s it is (F-08, ORCH-4602)',
    async (where) => {
      const parent = await put.rig.artifacts.put(artifact('the parent'));
      const port = put[where];
      const [disk, store] = [put.disk.operations.length, put.store.count];
      await put.rig.artifacts.put(artifact('to count', { parent: parent.id }));
      const count = where === 'disk' ? put.disk.operations.length - disk : put.store.count - store;
      expect(count).toBeGreaterThan(2);
      for (let n = 1; n <= count; n++) {
        if (where === 'disk') put.disk.failAt(n, moment);
        else put.store.failAt(put.store.count + n, moment);
        const text = `${where} ${n}`;
        const outcome = await outcomeOf(put.rig.artifacts.put(artifact(text, { parent: parent.id })));
        // What fails after the row took effect is not acknowledged and yet there: never the other way round.
        expect(outcome).not.toBe('kept');
        expect(outcome).toMatchObject({ code: 'INTERNAL' });
        expect((outcome as AppError).message).toMatch(/disk is full/);
        expect((outcome as AppError).message).not.toContain('secret');
        await expectWhole(put, text);
      }
      expect(port).toBeDefined();
    },
  );
});

it('A content that a put left without a row is collected (ORCH-4603)', async () => {
  put.store.failAt(put.store.count + 4, 'before');
  const outcome = await outcomeOf(put.rig.artifacts.put(artifact('left behind')));
  expect(outcome).toBeInstanceOf(AppError);
  expect(put.store.operations.at(-1)).toBe('write addArtifact');
  const { id } = await put.rig.artifacts.put(artifact('kept'));
  expect(await put.rig.collector.collect()).toMatchObject({ blobs_removed: 1, blobs_waiting: 0 });
  expect(await put.rig.artifacts.get('default', id)).toBeDefined();
});

it('A content that was changed on the disk is not given out, and a new put does not hide that (ORCH-4601)', async () => {
  const { id } = await put.rig.artifacts.put(artifact('whole'));
  const path = put.disk.operations.find((one) => one.startsWith('rename '))!.slice('rename '.length);
  const disk = new NodeDisk();
  await disk.remove(path);
  await disk.writeNew(path, Buffer.from('{"content":{"text":"forged"},"kind":"plan"}'));
  expect(await outcomeOf(put.rig.artifacts.get('default', id))).toMatchObject({ code: 'INTERNAL' });
  await disk.remove(path);
  expect(await outcomeOf(put.rig.artifacts.get('default', id))).toMatchObject({ code: 'INTERNAL' });
  await put.rig.artifacts.put(artifact('whole'));
  expect(await put.rig.artifacts.get('default', id)).toBeDefined();
});
