import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FetchRig, NEVER } from '../../../test/support/fetch-rig.js';
import { type Misdeed } from '../../../test/support/model-server.js';
import { digestOfBytes, safetensors, weights } from '../../../test/support/weights.js';
import { SeededRandom } from '../../kernel/random.js';

const BODY = weights(40_000);
const DIGEST = digestOfBytes(BODY);

let rig: FetchRig;
beforeEach(async () => {
  rig = await FetchRig.open();
});
afterEach(() => rig.close());

/** Whatever breaks off is told at once. */
const ONE_ATTEMPT = { retries: -1 };
const first = (misdeed: Misdeed) => (_request: unknown, count: number) => (count === 1 ? misdeed : undefined);

describe('fetching a model', () => {
  it('gives the bytes under their digest, read-only, and nothing else (ORCH-3042, ORCH-3090)', async () => {
    const model = await rig.ensure(rig.one(rig.server.file('/a.gguf', BODY)));
    expect(model).toMatchObject({ digest: DIGEST, sizeBytes: BODY.length, isCached: true });
    expect(readFileSync(model.path)).toEqual(BODY);
    expect(model.path.endsWith('/a.gguf')).toBe(true);
    expect(statSync(model.path).mode & 0o777).toBe(0o444);
    expect(rig.names('parts')).toEqual([]);
    expect(rig.names('trash')).toEqual([]);
  });

  it('asks nobody for what is here (ORCH-3042)', async () => {
    const ref = rig.one(rig.server.file('/a.gguf', BODY), { digest: DIGEST });
    await rig.ensure(ref);
    await rig.restart();
    const { requests } = rig.server;
    const before = requests.length;
    expect(await rig.ensure(ref, { digest: DIGEST })).toMatchObject({ digest: DIGEST });
    expect(await rig.ensure(ref)).toMatchObject({ digest: DIGEST });
    expect(requests).toHaveLength(before);
  });

  it('goes on where it was cut, at fifty places and over restarts, without a byte fetched twice (ORCH-3042)', async () => {
    const random = new SeededRandom(7);
    await rig.restart(ONE_ATTEMPT);
    for (let run = 0; run < 50; run += 1) {
      const body = weights(40_000, 100 + run);
      const after = 1 + Math.floor(random.next() * (body.length - 1));
      const ref = rig.one(rig.server.file(`/cut-${run}.gguf`, body, first({ type: 'cut', after })));
      const before = rig.bytesIn;
      const model = await rig.untilFetched(ref, 2);
      expect(readFileSync(model.path).equals(body)).toBe(true);
      expect([run, after, rig.bytesIn - before]).toEqual([run, after, body.length]);
      expect(rig.server.requestsFor(`/cut-${run}.gguf`).map(({ from }) => from)).toEqual([undefined, after]);
    }
  });

  it('goes on by itself when the line breaks, as long as something comes (ORCH-3042)', async () => {
    const url = rig.server.file('/a.gguf', BODY, (_, count) =>
      count < 9 ? { type: 'cut', after: 20_000 } : undefined,
    );
    expect(await rig.ensure(rig.one(url))).toMatchObject({ digest: DIGEST });
    expect(rig.bytesIn).toBe(BODY.length);
  });

  it('fetches one digest once, however many ask and by whatever ref (ORCH-3042)', async () => {
    const url = rig.server.file('/a.gguf', BODY);
    const refs = ['a.gguf', 'b.gguf'].map((path) => rig.one(url, { path, digest: DIGEST }));
    const models = await Promise.all([...refs, ...refs].map((ref) => rig.ensure(ref)));
    expect(models.map(({ digest }) => digest)).toEqual([DIGEST, DIGEST, DIGEST, DIGEST]);
    expect(rig.server.requestsFor('/a.gguf')).toHaveLength(1);
    expect(rig.bytesIn).toBe(BODY.length);
  });

  it('lets one of two go without the other losing anything (ORCH-3042)', async () => {
    const url = rig.server.file('/a.gguf', BODY, first({ type: 'stall', after: 30_000 }));
    const ref = rig.one(url);
    const leaving = new AbortController();
    const left = rig.ensure(ref, {}, leaving.signal);
    await untilBytes(ref, 30_000);
    const staying = rig.ensure(ref, {}, NEVER);
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    expect(rig.downloads.progress(rig.downloads.idOf({ ref }))).toMatchObject({ state: 'fetching', bytes: 30_000 });
    expect(rig.downloads.cancel(rig.downloads.idOf({ ref }))).toBe(true);
    await expect(staying).rejects.toMatchObject({ kind: 'cancelled' });
    expect(await rig.ensure(ref)).toMatchObject({ digest: DIGEST });
    expect(rig.server.requestsFor('/a.gguf').map(({ from }) => from)).toEqual([undefined, 30_000]);
  });

  it('begins at once after it was called off, while the first one winds down (ORCH-3042)', async () => {
    const ref = rig.one(rig.server.file('/a.gguf', BODY, first({ type: 'stall', after: 30_000 })));
    const leaving = new AbortController();
    const left = expect(rig.ensure(ref, {}, leaving.signal)).rejects.toThrow('left');
    await untilBytes(ref, 30_000);
    leaving.abort(new Error('left'));
    await left;
    expect(await rig.ensure(ref)).toMatchObject({ digest: DIGEST });
  });
});

describe('a server that misbehaves', () => {
  it.each<[string, Misdeed, number]>([
    ['gives all of it for a part', { type: 'ignore-range' }, 2],
    ['gives another part', { type: 'wrong-part', shift: 100 }, 3],
    ['gives a part from before', { type: 'wrong-part', shift: -100 }, 3],
    ['gives a part of another file', { type: 'wrong-total', total: 12 }, 3],
    ['gives a part of a larger file', { type: 'wrong-total', total: BODY.length + 1 }, 3],
    ['breaks down for a moment', { type: 'status', status: 503, headers: { 'retry-after': '0' } }, 3],
    ['finds its key too old', { type: 'status', status: 401 }, 3],
  ])('and %s when a fetch is gone on with: the file is right in the end (ORCH-3042)', async (_what, misdeed, asked) => {
    await rig.restart({ retries: 1 });
    const url = rig.server.file('/a.gguf', BODY, (_, count) =>
      count === 1 ? { type: 'cut', after: 70_000 } : count === 2 ? misdeed : undefined,
    );
    const model = await rig.ensure(rig.one(url));
    expect(readFileSync(model.path).equals(BODY)).toBe(true);
    expect(rig.server.requestsFor('/a.gguf')).toHaveLength(asked);
  });

  it('and changes the file meanwhile: the new one comes, whole (ORCH-3042)', async () => {
    await rig.restart(ONE_ATTEMPT);
    const ref = rig.one(rig.server.file('/a.gguf', BODY, first({ type: 'cut', after: 70_000 })));
    await expect(rig.ensure(ref)).rejects.toMatchObject({ kind: 'broken_off' });
    const other = weights(40_000, 9);
    rig.server.file('/a.gguf', other);
    expect(readFileSync((await rig.ensure(ref)).path).equals(other)).toBe(true);
  });

  it('and changes nothing but the tag: what is here is kept (ORCH-3042)', async () => {
    await rig.restart(ONE_ATTEMPT);
    const ref = rig.one(rig.server.file('/a.gguf', BODY, first({ type: 'cut', after: 70_000 })));
    await expect(rig.ensure(ref)).rejects.toMatchObject({ kind: 'broken_off' });
    rig.server.file('/a.gguf', BODY, first({ type: 'cut', after: 100_000 }), '"other"');
    await expect(rig.ensure(ref)).rejects.toMatchObject({ message: expect.stringContaining('100000 bytes are kept') });
    expect(await rig.ensure(ref)).toMatchObject({ digest: DIGEST });
  });

  it('and tells neither length nor tag: the digest tells whether it is whole (ORCH-3042)', async () => {
    const url = rig.server.file('/a.gguf', BODY, () => ({ type: 'no-length' }));
    expect(await rig.ensure(rig.one(url))).toMatchObject({ digest: DIGEST });
  });

  it.each<[string, Misdeed, string, RegExp]>([
    ['has lost the file', { type: 'status', status: 404 }, 'missing', /answered 404; check the ref/],
    ['is always broken', { type: 'status', status: 500 }, 'broken_off', /answered 500; 70000 bytes are kept/],
    ['wants a key', { type: 'status', status: 403 }, 'denied', /answered 403; give the source a key/],
    ['sends elsewhere', { type: 'redirect', location: 'http://169.254.169.254/' }, 'POLICY_DENIED', /does not let/],
  ])(
    'and %s half-way: says so and keeps what is here (ORCH-3042, ORCH-3206)',
    async (_what, misdeed, kind, message) => {
      const url = rig.server.file('/a.gguf', BODY, (_, count) =>
        count === 1 ? { type: 'cut', after: 70_000 } : count < 4 ? misdeed : undefined,
      );
      const ref = rig.one(url);
      const failed = rig.ensure(ref);
      await expect(failed).rejects.toThrow(message);
      expect(await failed.catch(({ kind, code }) => kind ?? code)).toBe(kind);
      expect(rig.names('models')).toEqual([]);
      expect(await rig.untilFetched(ref, 4)).toMatchObject({ digest: DIGEST });
      expect(rig.bytesIn).toBe(BODY.length);
    },
  );

  it.each<[string, Misdeed, { sizeBytes?: number }, RegExp]>([
    [
      'offers another length than it lists',
      { type: 'length', length: 5 },
      { sizeBytes: BODY.length },
      /lists \d+ bytes and gives 5/,
    ],
    ['offers more than it lists', { type: 'no-length' }, { sizeBytes: 1_000 }, /larger than its source lists/],
  ])('and %s: says so (ORCH-3042)', async (_what, misdeed, told, message) => {
    const ref = rig.one(
      rig.server.file('/a.gguf', BODY, () => misdeed),
      told,
    );
    await expect(rig.ensure(ref)).rejects.toThrow(message);
    expect(rig.names('models')).toEqual([]);
  });

  it('does not lead to private addresses that nobody named (ORCH-3206)', async () => {
    await rig.close();
    rig = await FetchRig.open({}, { egress: { allow_private: false } });
    const ref = rig.one(rig.server.file('/a.gguf', BODY));
    await expect(rig.ensure(ref)).rejects.toMatchObject({ code: 'POLICY_DENIED' });
    expect(rig.server.requests).toEqual([]);
  });
});

describe('what is not what it should be', () => {
  it.each<[string, object, object]>([
    ['its source lists', { digest: `sha256:${'0'.repeat(64)}` }, {}],
    ['was demanded', {}, { digest: `sha256:${'0'.repeat(64)}` }],
  ])('is put away when its digest is not the one that %s, and fetched anew (ORCH-3063)', async (_what, told, order) => {
    const ref = rig.one(rig.server.file('/a.gguf', BODY), told);
    await expect(rig.ensure(ref, order)).rejects.toMatchObject({ kind: 'untrusted', code: 'UNTRUSTED_ARTIFACT' });
    expect(rig.names('models')).toEqual([]);
    expect(rig.names('blobs')).toEqual([]);
    expect(rig.names('parts')).toEqual([]);
    expect(rig.names('quarantine')).toHaveLength(1);
  });

  it('is not fetched at all when source and order contradict (ORCH-3063)', async () => {
    const ref = rig.one(rig.server.file('/a.gguf', BODY), { digest: DIGEST });
    const digest = `sha256:${'0'.repeat(64)}`;
    await expect(rig.ensure(ref, { digest })).rejects.toThrow(/lists .* nothing was fetched/);
    expect(rig.server.requests).toEqual([]);
  });

  it.each<[string, Buffer, RegExp]>([
    ['half a GGUF file', BODY.subarray(0, BODY.length - 100), /reach beyond its end/],
    ['a page', Buffer.from('<html>log in</html>'), /no GGUF file/],
    ['a pickle', Buffer.concat([Buffer.from([0x80, 2]), Buffer.from('csubprocess\nrun\n')]), /no GGUF file/],
  ])('is put away when it is %s (ORCH-3042)', async (_what, body, message) => {
    const ref = rig.one(rig.server.file('/a.gguf', body));
    await expect(rig.ensure(ref)).rejects.toThrow(message);
    expect([rig.names('models'), rig.names('blobs'), rig.names('quarantine')]).toMatchObject([[], [], { length: 1 }]);
  });

  it('is found out when it is compared again, and put away (ORCH-3064)', async () => {
    const model = await rig.ensure(rig.one(rig.server.file('/a.gguf', BODY)));
    expect(await rig.downloads.verify(model.digest, NEVER)).toBe(true);
    const { chmodSync } = await import('node:fs');
    chmodSync(model.path, 0o644);
    writeFileSync(model.path, weights(40_000, 3));
    expect(await rig.downloads.verify(model.digest, NEVER)).toBe(false);
    expect(await rig.downloads.local(model.digest)).toBeUndefined();
    expect(rig.names('quarantine')).toHaveLength(1);
  });
});

describe('a model of several files', () => {
  const config = Buffer.from('{"model_type":"llama"}');
  const tensors = safetensors(10_000);

  function repository(more: readonly string[] = []): string {
    const file = (path: string, body: Buffer) => ({
      path,
      url: rig.server.file(`/${path}`, body),
      sizeBytes: body.length,
    });
    const files = [
      file('config.json', config),
      { ...file('model.safetensors', tensors), digest: digestOfBytes(tensors) },
      ...more.map((path) => file(path, Buffer.from('x'))),
    ];
    rig.told.set('rig:repo', { revision: 'abc', files });
    return 'rig:repo';
  }

  it('appears at once, as a folder under the digest of its list (ORCH-3042, ORCH-4607)', async () => {
    const model = await rig.ensure(repository(['pytorch_model.bin', 'train.py', 'logo.png', 'LICENSE']));
    expect(model.files.map(({ path }) => path)).toEqual(['config.json', 'model.safetensors', 'LICENSE']);
    expect(readFileSync(join(model.path, 'config.json'))).toEqual(config);
    expect(model.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(rig.names('parts')).toEqual([]);
    const before = rig.server.requests.length;
    await rig.restart();
    expect(await rig.ensure('rig:repo')).toMatchObject({ digest: model.digest });
    expect(rig.server.requests).toHaveLength(before);
  });

  it('keeps the files that it has when another one fails (ORCH-3042)', async () => {
    await rig.restart(ONE_ATTEMPT);
    const ref = repository();
    rig.server.file('/model.safetensors', tensors, first({ type: 'cut', after: 100 }));
    await expect(rig.ensure(ref)).rejects.toMatchObject({ kind: 'broken_off' });
    expect(rig.names('models')).toEqual([]);
    await rig.restart();
    await rig.ensure(ref);
    expect(rig.bytesIn).toBe(config.length + tensors.length);
  });

  it('is refused when its weights are pickles, or several models (ORCH-3042)', async () => {
    rig.told.set('rig:old', {
      files: ['config.json', 'pytorch_model.bin'].map((path) => ({ path, url: 'http://x/' })),
    });
    await expect(rig.ensure('rig:old')).rejects.toThrow(/pickles, which run code/);
    rig.told.set('rig:many', { files: ['a-q4.gguf', 'a-q8.gguf'].map((path) => ({ path, url: 'http://x/' })) });
    await expect(rig.ensure('rig:many')).rejects.toThrow(/2 GGUF models, such as a-q4\.gguf, a-q8\.gguf; name one/);
    rig.told.set('rig:up', { files: [{ path: '../a.gguf', url: 'http://x/' }] });
    await expect(rig.ensure('rig:up')).rejects.toThrow(/path has an empty/);
    expect(rig.server.requests).toEqual([]);
  });
});

async function untilBytes(ref: string, bytes: number): Promise<void> {
  const id = rig.downloads.idOf({ ref });
  await new Promise<void>((resolve) => {
    let stop = () => {};
    const look = (progress: { readonly bytes: number }) => {
      if (progress.bytes < bytes) return;
      resolve();
      setImmediate(() => stop());
    };
    const wait = () => {
      if (rig.downloads.progress(id) === undefined) setImmediate(wait);
      else stop = rig.downloads.follow(id, look);
    };
    wait();
  });
}
