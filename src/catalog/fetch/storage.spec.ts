import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../../test/support/eventually.js';
import { FetchRig, NEVER } from '../../../test/support/fetch-rig.js';
import { digestOfBytes, weights } from '../../../test/support/weights.js';
import { FetchError } from './fetch-error.js';
import { Part } from './part.js';

const BODY = weights(40_000);
const NEW = { etag: '"a"', lastModified: null, total: null };

/** Disks as small as a test needs them can be mounted by few; elsewhere the look before the fetch is tested alone. */
const itWithMounts = canMount() ? it : it.skip;

let rig: FetchRig;
afterEach(() => rig?.close());

describe('a part', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-part-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const place = () => ({ file: join(folder, 'a.part'), state: join(folder, 'a.json') });
  const open = () => Part.open(place(), 1_000, NEVER);

  it('is believed to its last byte after a kill, as what was written is there (ORCH-3042)', async () => {
    const part = await open();
    await part.goOn(NEW);
    await part.take(BODY.subarray(0, 2_500));
    await part.abandon();
    const again = await open();
    expect([again.bytes, again.digest]).toEqual([2_500, digestOfBytes(BODY.subarray(0, 2_500))]);
    await again.abandon();
  });

  it('is believed up to its last checkpoint after a loss of power (ORCH-3042)', async () => {
    const part = await open();
    await part.goOn(NEW);
    await part.take(BODY.subarray(0, 2_500));
    await part.abandon();
    const state = JSON.parse(readFileSync(place().state, 'utf8')) as { bootId: string };
    writeFileSync(place().state, JSON.stringify({ ...state, bootId: 'another start' }));
    const again = await open();
    expect([again.bytes, again.digest]).toEqual([2_000, digestOfBytes(BODY.subarray(0, 2_000))]);
    await again.abandon();
  });

  it('is believed up to the last checkpoint whose bytes are right (ORCH-3042)', async () => {
    const part = await open();
    await part.goOn(NEW);
    await part.take(BODY.subarray(0, 3_500));
    await part.pause();
    const bytes = readFileSync(place().file);
    bytes[1_500] = bytes[1_500]! ^ 0xff;
    writeFileSync(place().file, bytes);
    const again = await open();
    expect(again.bytes).toBe(1_000);
    await again.abandon();
  });

  it.each<[string, () => void]>([
    ['its state is gone', () => rmSync(place().state)],
    ['its state is damaged', () => writeFileSync(place().state, '{"etag":')],
    ['it was cut to nothing', () => truncateSync(place().file, 0)],
  ])('begins anew when %s', async (_what, damage) => {
    const part = await open();
    await part.goOn(NEW);
    await part.take(BODY.subarray(0, 2_500));
    await part.pause();
    damage();
    const again = await open();
    expect(again.bytes).toBe(0);
    await again.abandon();
  });

  it('compares an answer from the start with what is here, and takes over where they differ (ORCH-3042)', async () => {
    const part = await open();
    await part.goOn(NEW);
    await part.take(BODY.subarray(0, 2_500));
    const other = Buffer.concat([BODY.subarray(0, 1_700), weights(100, 5)]);
    await part.fromTheStart({ ...NEW, etag: '"b"' });
    for (let at = 0; at < other.length; at += 300) await part.take(other.subarray(at, at + 300));
    expect(part.digest).toBe(digestOfBytes(other));
    await part.finish();
    expect(readFileSync(place().file).equals(other)).toBe(true);
  });

  it('ends where a shorter answer ends', async () => {
    const part = await open();
    await part.goOn(NEW);
    await part.take(BODY.subarray(0, 2_500));
    await part.fromTheStart({ ...NEW, etag: '"b"' });
    await part.take(BODY.subarray(0, 900));
    await part.endHere();
    expect([part.bytes, part.digest]).toEqual([900, digestOfBytes(BODY.subarray(0, 900))]);
    await part.finish();
  });
});

describe('room', () => {
  const model = (name: string, seed: number) => rig.one(rig.server.file(`/${name}.gguf`, weights(40_000, seed)));
  const QUOTA = { cacheMaxBytes: BODY.length * 2 + 1_000 };

  it('is made by what was used least lately, and by nothing in use (ORCH-3042)', async () => {
    rig = await FetchRig.open(QUOTA);
    const [a, b] = [await rig.ensure(model('a', 1)), await rig.ensure(model('b', 2))];
    age(a.digest, 20);
    age(b.digest, 10);
    const release = rig.downloads.lease(a.digest);
    await rig.ensure(model('c', 3));
    expect(await rig.downloads.local(b.digest)).toBeUndefined();
    expect(await rig.downloads.local(a.digest)).toBeDefined();
    release();
    release();
    age(a.digest, 20);
    const d = await rig.ensure(model('d', 4));
    expect(await rig.downloads.local(a.digest)).toBeUndefined();
    expect(await rig.downloads.local(d.digest)).toBeDefined();
    expect(rig.names('blobs')).toHaveLength(2);
  });

  it('is refused when all that is here is in use, leased or named by an entry (ORCH-3042)', async () => {
    rig = await FetchRig.open(QUOTA);
    const [a, b] = [await rig.ensure(model('a', 1)), await rig.ensure(model('b', 2))];
    rig.downloads.lease(a.digest);
    rig.downloads.protect((digest) => digest === b.digest);
    await expect(rig.ensure(model('c', 3))).rejects.toMatchObject({
      kind: 'over_quota',
      message: expect.stringContaining('catalog.cache_max_bytes'),
    });
    expect(rig.names('models')).toHaveLength(2);
    expect(await rig.downloads.remove(a.digest)).toBe(false);
    expect(await rig.downloads.remove(b.digest)).toBe(true);
  });

  it('is looked at before a byte comes, for all that is under way (ORCH-3042)', async () => {
    rig = await FetchRig.open({ reserveBytes: 2 ** 52 });
    const ref = rig.one(rig.server.file('/a.gguf', BODY), { sizeBytes: BODY.length });
    await expect(rig.ensure(ref)).rejects.toMatchObject({
      kind: 'no_space',
      message: expect.stringMatching(/\d+ bytes free and \d+ are needed/),
    });
    expect(rig.server.requests).toEqual([]);
    const unlisted = rig.one(rig.server.file('/b.gguf', BODY));
    await expect(rig.ensure(unlisted)).rejects.toMatchObject({ kind: 'no_space' });
    expect(rig.bytesIn).toBe(0);
  });

  itWithMounts(
    'that runs out half-way ends the fetch with a word, and it goes on once there is some (ORCH-3042)',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'llama-orch-small-'));
      mountSmall(folder);
      try {
        rig = await FetchRig.open({}, { folder });
        const ballast = join(folder, 'ballast');
        writeFileSync(ballast, Buffer.alloc(300 * 1024));
        const ref = rig.one(rig.server.file('/a.gguf', BODY, () => ({ type: 'no-length' })));
        await expect(rig.ensure(ref)).rejects.toMatchObject({
          kind: 'no_space',
          message: expect.stringContaining('the disk'),
        });
        expect([rig.names('models'), rig.names('blobs')]).toEqual([[], []]);
        rmSync(ballast);
        await rig.restart();
        rig.server.file('/a.gguf', BODY);
        expect(await rig.ensure(ref)).toMatchObject({ digest: digestOfBytes(BODY) });
      } finally {
        await rig.downloads.close();
        execFileSync('umount', [folder]);
      }
    },
  );

  it('is given back by parts of long ago, when somebody asks for it (ORCH-3042)', async () => {
    rig = await FetchRig.open({ retries: -1 });
    const ref = rig.one(rig.server.file('/a.gguf', BODY, () => ({ type: 'cut', after: 100_000 })));
    await expect(rig.ensure(ref)).rejects.toBeInstanceOf(FetchError);
    const kept = await rig.ensure(model('b', 2));
    expect(await rig.downloads.cleanUp(Date.now() - 60_000)).toBe(0);
    expect(await rig.downloads.cleanUp(Date.now() + 60_000)).toBeGreaterThanOrEqual(100_000);
    expect(rig.names('parts')).toEqual([]);
    expect(await rig.downloads.local(kept.digest)).toBeDefined();
  });
});

describe('a restart', () => {
  it('finds models again, but none that lacks a file or has another size (ORCH-3042)', async () => {
    rig = await FetchRig.open();
    const { digest, path } = await rig.ensure(rig.one(rig.server.file('/a.gguf', BODY)));
    writeFileSync(join(rig.folder, 'trash', 'left'), 'x');
    await rig.restart();
    expect(await rig.downloads.local(digest)).toMatchObject({ path });
    execFileSync('chmod', ['644', path]);
    appendFileSync(path, 'x');
    expect(await rig.downloads.local(digest)).toBeUndefined();
    rmSync(path);
    expect(await rig.downloads.local(digest)).toBeUndefined();
    expect(await rig.ensure('rig:a.gguf')).toMatchObject({ digest });
    expect(rig.names('trash')).toEqual([]);
  });

  it('takes a folder over that a process which is gone has left, and none that another one writes to', async () => {
    rig = await FetchRig.open();
    const ref = rig.one(rig.server.file('/a.gguf', BODY));
    const lock = join(rig.folder, 'lock');
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    writeFileSync(lock, `${process.ppid} ${bootId}`);
    await expect(rig.ensure(ref)).rejects.toMatchObject({
      kind: 'not_local',
      message: expect.stringContaining('another daemon'),
    });
    for (const left of [`999999999 ${bootId}`, `${process.ppid} another-start`, '']) {
      await rig.restart();
      writeFileSync(lock, left);
      await rig.ensure(ref);
    }
    await rig.downloads.close();
    expect(existsSync(lock)).toBe(false);
  });

  it('touches no disk while nothing is fetched, and says so where nothing can be written', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'llama-orch-file-'));
    writeFileSync(join(outside, 'file'), '');
    rig = await FetchRig.open({}, { folder: join(outside, 'file', 'models') });
    expect(await rig.downloads.local(digestOfBytes(BODY))).toBeUndefined();
    expect(await rig.downloads.cleanUp(Date.now())).toBe(0);
    const ref = rig.one(rig.server.file('/a.gguf', BODY));
    await expect(rig.ensure(ref)).rejects.toMatchObject({
      kind: 'not_local',
      message: expect.stringContaining('catalog.weights_dir'),
    });
    rmSync(outside, { recursive: true });
    expect(rig.server.requests).toEqual([]);
  });

  it('ends fetches and leaves no file behind that a model could be taken for (ORCH-3042)', async () => {
    rig = await FetchRig.open();
    const ref = rig.one(rig.server.file('/a.gguf', BODY, () => ({ type: 'stall', after: 50_000 })));
    const { id } = rig.downloads.start({ ref });
    await eventually(() => expect(rig.downloads.progress(id)?.bytes).toBe(50_000));
    await rig.downloads.close();
    expect([rig.names('models'), rig.names('blobs')]).toEqual([[], []]);
    expect(rig.names('parts').map((name) => name.replace(/^[0-9a-f]{64}/, ''))).toEqual(['.json', '.part']);
    expect(existsSync(join(rig.folder, 'records')) && readdirSync(join(rig.folder, 'records'))).toEqual([]);
  });
});

function age(digest: string, minutes: number): void {
  const at = Date.now() / 1_000 - minutes * 60;
  utimesSync(join(rig.folder, 'records', `${digest.slice('sha256:'.length)}.json`), at, at);
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'llama-orch-mount-'));
  try {
    mountSmall(folder);
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function mountSmall(folder: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${512 * 1024}`, 'tmpfs', folder], { stdio: 'ignore' });
}
