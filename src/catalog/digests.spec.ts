import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DigestStamp } from './catalog-store.js';
import { Digests } from './digests.js';

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-digests-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NEVER = new AbortController().signal;
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** @param keep before a stamp is kept: what it throws is what the store says */
function rig(keep: () => Promise<void> = async () => {}, onLook = () => {}) {
  const stamps = new Map<string, DigestStamp>();
  let kept = 0;
  const digests = new Digests({
    stampOf: async (path) => {
      onLook();
      return stamps.get(path);
    },
    keepStamp: async (stamp) => {
      kept++;
      await keep();
      stamps.set(stamp.path, stamp);
    },
  });
  return { digests, stamps, reads: () => kept };
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('The digest of local weights', () => {
  it('is read once for as long as nothing changes, also by several at a time (ORCH-3042)', async () => {
    const { digests, reads } = rig();
    const path = file('a', 'weights');
    const all = await Promise.all([1, 2, 3].map(() => digests.of(path, NEVER)));
    expect(all.map(({ digest }) => digest)).toEqual(Array(3).fill(digestOf('weights')));
    await digests.of(path, NEVER);
    expect([reads(), await digests.isKnown(path)]).toEqual([1, true]);
  });

  it('is read by one of those who are left when the one who read it leaves (ORCH-3042)', async () => {
    const { digests, reads } = rig();
    const path = file('left', 'weights'.repeat(400_000));
    const first = new AbortController();
    const given = digests.of(path, first.signal);
    const others = [1, 2, 3, 4].map(() => digests.of(path, NEVER));
    first.abort(new Error('left'));
    await expect(given).rejects.toThrow('left');
    const found = await Promise.all(others);
    expect(found.map(({ digest }) => digest)).toEqual(Array(4).fill(digestOf('weights'.repeat(400_000))));
    expect(reads()).toBe(1);
    await expect(digests.of(path, first.signal)).rejects.toThrow('left');
  });

  it('that cannot be found out is refused to all who wait, without another look (ORCH-3042)', async () => {
    let looks = 0;
    const { promise: allLooked, resolve } = Promise.withResolvers<void>();
    const { digests, reads } = rig(
      () => allLooked.then(() => Promise.reject(new Error('the disk is full'))),
      () => ++looks === 3 && setImmediate(resolve),
    );
    const path = file('unkept', 'weights');
    const ends = await Promise.allSettled([1, 2, 3].map(() => digests.of(path, NEVER)));
    expect(ends.map((end) => String((end as PromiseRejectedResult).reason))).toEqual(
      Array(3).fill('Error: the disk is full'),
    );
    expect(reads()).toBe(1);
  });

  it('is read again when a byte changes, though size and time of the file are set back (ORCH-3037-v31)', async () => {
    const { digests } = rig();
    const path = file('b', 'weights');
    const { atime, mtime } = statSync(path);
    await digests.of(path, NEVER);
    writeFileSync(path, 'Weights');
    utimesSync(path, atime, mtime);
    expect(await digests.isKnown(path)).toBe(false);
    expect((await digests.of(path, NEVER)).digest).toBe(digestOf('Weights'));
  });

  it('of a folder is that of the list of its files, and changes with each of them (ORCH-3060)', async () => {
    const { digests } = rig();
    const root = join(folder, 'model');
    mkdirSync(join(root, 'deep'), { recursive: true });
    file('model/b.bin', 'b');
    file('model/deep/a.bin', 'a');
    const rows = [
      { path: 'b.bin', digest: digestOf('b'), size_bytes: 1 },
      { path: 'deep/a.bin', digest: digestOf('a'), size_bytes: 1 },
    ];
    const list = `[${rows.map(({ path, digest }) => `{"digest":"${digest}","path":"${path}","size_bytes":1}`).join(',')}]`;
    expect(await digests.of(root, NEVER)).toMatchObject({ digest: digestOf(list), sizeBytes: 2 });
    expect(await digests.manifests(root, NEVER)).toMatchObject(rows.map(({ path, digest }) => ({ path, digest })));
    file('model/deep/a.bin', 'A');
    expect((await digests.of(root, NEVER)).digest).not.toBe(digestOf(list));
  });

  it('follows the link of an operator, and tells when there is nothing (ORCH-3042)', async () => {
    const { digests } = rig();
    symlinkSync(file('c', 'linked'), join(folder, 'link'));
    expect((await digests.of(join(folder, 'link'), NEVER)).digest).toBe(digestOf('linked'));
    await expect(digests.of(join(folder, 'none'), NEVER)).rejects.toThrow();
  });
});
