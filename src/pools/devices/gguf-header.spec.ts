import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Entry, gguf } from '../../../test/support/gguf.js';
import { Footprints, GIB, type Load, weightsAt } from './footprints.js';
import { readModelShape } from './gguf-header.js';

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-gguf-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = join(folder, 'model.gguf');
const read = (bytes: Buffer) => {
  writeFileSync(path, bytes);
  return readModelShape(path);
};

const LLAMA: readonly Entry[] = [
  ['general.architecture', 'string', 'llama'],
  ['general.name', 'string', 'a model'],
  ['llama.block_count', 'u32', 32],
  ['llama.context_length', 'u32', 131_072],
  ['llama.embedding_length', 'u32', 4096],
  ['llama.attention.head_count', 'u32', 32],
  ['llama.attention.head_count_kv', 'u32', 8],
  ['llama.rope.freq_base', 'f32', 500_000],
];
const without = (key: string) => LLAMA.filter(([name]) => name !== key);
const withEntry = (entry: Entry) => [...without(entry[0]), entry];

describe('The header of weights', () => {
  it('says what the cache of a token takes (ORCH-3003-v31)', async () => {
    // 32 layers × 8 heads × (128 + 128) numbers × 2 bytes.
    expect(await read(gguf(LLAMA))).toEqual({ kvBytesPerToken: 131_072, contextTokens: 131_072 });
  });

  it.each<[string, readonly Entry[], number]>([
    [
      'heads that are longer than usual',
      [...LLAMA, ['llama.attention.key_length', 'u32', 256], ['llama.attention.value_length', 'u32', 64]],
      32 * 8 * 320 * 2,
    ],
    [
      'as many key heads as heads, where nothing else is said',
      without('llama.attention.head_count_kv'),
      32 * 32 * 256 * 2,
    ],
    [
      'heads layer by layer, some without a cache',
      withEntry([
        'llama.attention.head_count_kv',
        'u32[]',
        Array.from({ length: 32 }, (_, at) => (at % 2 === 0 ? 8 : 0)),
      ]),
      16 * 8 * 256 * 2,
    ],
    ['numbers of 64 bits', withEntry(['llama.block_count', 'u64', 16]), 16 * 8 * 256 * 2],
    [
      'a vocabulary before the numbers',
      [['tokenizer.ggml.tokens', 'string[]', Array.from({ length: 50_000 }, (_, at) => `token ${at}`)], ...LLAMA],
      131_072,
    ],
    [
      'scores and types of a vocabulary',
      [['tokenizer.ggml.scores', 'f32[]', Array.from({ length: 100_000 }, () => 1)], ...LLAMA],
      131_072,
    ],
  ])('takes %s into account (ORCH-3003-v31)', async (_what, entries, bytes) => {
    // prettier-ignore
    expect(await read(gguf(entries))).toMatchObject({ kvBytesPerToken: bytes });
  });

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['another format', Buffer.from('PK\x03\x04 and more than a header of bytes')],
    ['another version', gguf(LLAMA, { version: 4 })],
    ['no architecture', gguf(without('general.architecture'))],
    ['no layers', gguf(without('llama.block_count'))],
    ['more layers than any model has', gguf(withEntry(['llama.block_count', 'u32', 4_000_000]))],
    ['no layer at all', gguf(withEntry(['llama.block_count', 'u32', 0]))],
    ['no width and no length of heads', gguf(without('llama.embedding_length'))],
    ['more entries than it has', gguf(LLAMA, { count: 60_000 })],
    ['more entries than anything has', gguf(LLAMA, { count: 2 ** 40 })],
    ['a key that is longer than the file', gguf(LLAMA, { firstKeyBytes: 2 ** 52 })],
    ['an unknown type', gguf([['x', 'type 77', 0], ...LLAMA])],
    ['an array of arrays', gguf([['x', 'array of arrays', 0], ...LLAMA])],
    ['an array that is longer than the file', gguf([['x', 'endless array', 0], ...LLAMA])],
    ['a string that is longer than the file', gguf([['x', 'endless string', 0], ...LLAMA])],
  ])('is not believed when the file has %s', async (_what, bytes) => {
    expect(await read(bytes)).toBeUndefined();
  });

  it('is not believed wherever the file is cut or changed, and never fails on it', async () => {
    const whole = gguf(LLAMA);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), async (at, byte, cut) => {
        const damaged = cut ? whole.subarray(0, at) : Buffer.from(whole);
        if (!cut) damaged[at] = byte;
        const shape = await read(damaged);
        if (cut) expect(shape).toBeUndefined();
        else if (shape !== undefined) expect(shape.kvBytesPerToken).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});

describe('A footprint', () => {
  const load: Load = { engine: 'e', modelRef: `file:${path}`, path, slots: 4, contextTokens: undefined, declaredGib: undefined }; // prettier-ignore

  it('is the weights and a cache for every slot, at most 8192 tokens each unless more is asked for (ORCH-3003-v31)', async () => {
    writeFileSync(path, gguf(LLAMA));
    const { bytes } = (await weightsAt(path))!;
    expect(await new Footprints().of(load)).toEqual({ weightsBytes: bytes, kvBytes: 131_072 * 8192 * 4 });
    expect(await new Footprints().of({ ...load, slots: 1, contextTokens: 512 })).toEqual({ weightsBytes: bytes, kvBytes: 131_072 * 512 }); // prettier-ignore
  });

  it('is 1.2 times the file when its header does not tell (ORCH-3003-v31)', async () => {
    writeFileSync(path, Buffer.alloc(1000));
    expect(await new Footprints().of(load)).toEqual({ weightsBytes: 1200, kvBytes: 0 });
  });

  it('counts all files of weights that are cut into several', async () => {
    const shards = [1, 2, 3].map((part) => join(folder, `big-0000${part}-of-00003.gguf`));
    for (const shard of shards) writeFileSync(shard, Buffer.alloc(100));
    writeFileSync(join(folder, 'big-00001-of-00004.gguf'), Buffer.alloc(7));
    expect((await weightsAt(shards[0]))?.bytes).toBe(300);
  });

  it('is unknown without local weights, and what the operator says otherwise', async () => {
    const footprints = new Footprints();
    expect(await footprints.of({ ...load, path: undefined })).toBeUndefined();
    expect(await footprints.of({ ...load, path: join(folder, 'nowhere.gguf') })).toBeUndefined();
    expect(await footprints.of({ ...load, declaredGib: 3.5 })).toEqual({ weightsBytes: 3.5 * GIB, kvBytes: 0 });
  });

  it('is what the last load of the same was seen to take', async () => {
    const footprints = new Footprints();
    footprints.learn(load, 5000);
    expect(footprints.known(load)).toEqual({ weightsBytes: 5000, kvBytes: 0 });
    expect(footprints.known({ ...load, slots: 5 })).toBeUndefined();
    footprints.learn(load, 0);
    expect(footprints.known(load)).toEqual({ weightsBytes: 5000, kvBytes: 0 });
  });
});
