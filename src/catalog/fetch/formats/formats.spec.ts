import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { safetensors, weights } from '../../../../test/support/weights.js';
import { SeededRandom } from '../../../kernel/random.js';
import { ByteSource, Unsound } from './byte-source.js';
import { checkBytes, checkFile } from './check-file.js';
import { isPickle, isPickleName } from './pickle.js';
import { readGgufShape } from './gguf.js';

const HAIKU = new URL('../../../../plugins/engine-embedded/models/haiku-nano.gguf', import.meta.url).pathname;

/** Bytes in memory, which count how many of them were asked for. */
class Bytes extends ByteSource {
  override readonly pageBytes = 4_096;
  asked = 0;

  constructor(private readonly bytes: Buffer) {
    super();
  }

  override get sizeBytes(): number {
    return this.bytes.length;
  }

  override async read(at: number, length: number): Promise<Buffer> {
    expect(at + length).toBeLessThanOrEqual(this.bytes.length);
    this.asked += length;
    return this.bytes.subarray(at, at + length);
  }
}

const check = (bytes: Buffer, path = 'a.gguf') => checkBytes(new Bytes(bytes), path);
const safe = (tensors: object, data = 8) => {
  const text = Buffer.from(JSON.stringify(tensors));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(data)]);
};
const tensor = (begin: number, end: number, more: object = {}) => ({ dtype: 'U8', shape: [end - begin], data_offsets: [begin, end], ...more }); // prettier-ignore

describe('a GGUF file', () => {
  it('is sound when its header fits it, in each version of the format (ORCH-3042)', async () => {
    for (const version of [1, 2, 3])
      expect(await check(weights(100, 1, { version }))).toMatchObject({ contextTokens: 512 });
    expect(await checkFile(HAIKU, 'haiku-nano.gguf')).toEqual({
      kvBytesPerToken: 4 * 4 * (32 + 32) * 2,
      contextTokens: 512,
    });
  });

  it.each<[string, Buffer, RegExp]>([
    ['is empty', Buffer.alloc(0), /empty/],
    ['is something else', Buffer.from('<html>and more of it</html>'), /no GGUF file/],
    ['has another version', weights(10, 1, { version: 4 }), /version 4/],
    ['has bytes in the other order', weights(10, 1, { version: 0x03000000 }), /version 50331648 is not supported/],
    ['lacks its end', weights(100).subarray(0, -1), /beyond its end/],
    ['has a tensor beside the alignment', weights(100, 1, { offsetShift: 4 }), /alignment of the file/],
    ['has tensors that overlap', weights(100, 1, { offsetShift: -32 }), /overlap/],
    ['has a tensor far away', weights(100, 1, { offsetShift: 2 ** 40 }), /beyond its end/],
    ['has rows that a type cannot hold', weights(100, 1, { type: 2 }), /rows that its type cannot hold/],
    ['has two tensors of one name', weights(100, 1, { secondName: 'token_embd.weight' }), /same name/],
    ['has an impossible alignment', weights(100, 1, { alignment: 3 }), /alignment 3/],
  ])('is refused when it %s (ORCH-3042)', async (_what, bytes, message) => {
    await expect(check(bytes)).rejects.toThrow(message);
    await expect(check(bytes)).rejects.toBeInstanceOf(Unsound);
  });

  it('gives clean errors alone, or nothing, for 2,000 damaged ones (ORCH-3042)', async () => {
    const random = new SeededRandom(2_026);
    const whole = weights(64);
    const header = 512;
    const counts = { refused: 0, taken: 0 };
    for (let run = 0; run < 2_000; run += 1) {
      const mutant = mutated(whole, header, random);
      try {
        await check(mutant);
        counts.taken += 1;
      } catch (error) {
        if (!(error instanceof Unsound)) throw error;
        counts.refused += 1;
      }
    }
    expect(counts.refused).toBeGreaterThan(500);
    expect(counts.refused + counts.taken).toBe(2_000);
  });

  it('tells its shape from the first bytes, without its vocabulary', async () => {
    const bytes = new Bytes(readFileSync(HAIKU));
    expect(await readGgufShape(bytes)).toMatchObject({ contextTokens: 512 });
    expect(bytes.asked).toBeLessThanOrEqual(2 * bytes.pageBytes);
  });
});

describe('a safetensors file', () => {
  it('is sound when its tensors fill it (ORCH-3042)', async () => {
    await check(safetensors(1_000, { __metadata__: { format: 'pt' } }), 'model.safetensors');
    await check(safe({ b: tensor(4, 8), a: tensor(0, 4), empty: tensor(4, 4) }), 'model.safetensors');
  });

  it.each<[string, Buffer, RegExp]>([
    ['is too short', Buffer.alloc(9), /too short/],
    ['has a header of 101 MB', Buffer.from([0, 0, 0x50, 6, 0, 0, 0, 0, 0x7b, 0x7d]), /longer than 100 MB/],
    ['has a header that is longer than it', Buffer.from([99, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d]), /longer than the file/],
    ['has a list for a header', safe([]), /no JSON object/],
    ['leaves a gap', safe({ a: tensor(0, 4), b: tensor(5, 8) }), /leave gaps/],
    ['has tensors that overlap', safe({ a: tensor(0, 5), b: tensor(4, 8) }), /overlap/],
    ['has bytes that belong to nothing', safe({ a: tensor(0, 4) }), /do not fill the file/],
    ['lacks its end', safe({ a: tensor(0, 9) }), /do not fill the file/],
    ['has a shape that does not fit', safe({ a: tensor(0, 8, { shape: [2, 2] }) }), /shape that does not fit/],
    ['has an unknown type', safe({ a: tensor(0, 8, { dtype: 'constructor' }) }), /known type/],
    ['has a negative place', safe({ a: tensor(0, 8, { data_offsets: [-1, 7] }) }), /known type/],
    ['has a shape beyond all numbers', safe({ a: tensor(0, 8, { shape: [2 ** 40, 2 ** 40] }) }), /impossible shape/],
    ['has metadata that are no texts', safe({ __metadata__: { a: 1 }, a: tensor(0, 8) }), /metadata/],
  ])('is refused when it %s (ORCH-3042)', async (_what, bytes, message) => {
    await expect(check(bytes, 'model.safetensors')).rejects.toThrow(message);
  });

  it('gives clean errors alone, or nothing, for 2,000 damaged ones (ORCH-3042)', async () => {
    const random = new SeededRandom(77);
    const whole = safetensors(16, { b: { dtype: 'F16', shape: [0], data_offsets: [64, 64] } });
    let refused = 0;
    for (let run = 0; run < 2_000; run += 1) {
      await check(mutated(whole, whole.length - 64, random), 'model.safetensors').catch((error: unknown) => {
        if (!(error instanceof Unsound)) throw error;
        refused += 1;
      });
    }
    expect(refused).toBeGreaterThan(500);
  });
});

describe('a pickle', () => {
  it('is refused by its name and by its content (ORCH-3042)', async () => {
    const pickled = Buffer.from([0x80, 4, 0x95, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const path of ['pytorch_model.bin', 'a.pt', 'a.PTH', 'a.ckpt', 'a.pkl', 'x/a.npz'])
      await expect(check(weights(10), path)).rejects.toThrow(/pickle/);
    for (const bytes of [pickled, Buffer.from('PK\x03\x04 and the rest'), Buffer.from('\x93NUMPY\x01', 'latin1')])
      await expect(check(bytes, 'README.md')).rejects.toThrow(/pickle or an archive/);
    expect(isPickleName('model.safetensors')).toBe(false);
    expect(isPickle(Buffer.from('{"a": 1}'))).toBe(false);
    await check(Buffer.from('{"a": 1}'), 'config.json');
  });

  it('is not seen in a safetensors file whose length looks like one', async () => {
    const padded = JSON.stringify({ a: tensor(0, 8) }).padEnd(0x0280);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(0x0280n);
    await check(Buffer.concat([length, Buffer.from(padded), Buffer.alloc(8)]), 'weights');
  });

  it('is found behind the name of another format, before an engine is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'llama-orch-formats-'));
    writeFileSync(join(folder, 'a'), Buffer.from([0x80, 2, 0x63]));
    await expect(checkFile(join(folder, 'a'), 'tokenizer.model')).rejects.toThrow(/pickle/);
    rmSync(folder, { recursive: true });
  });
});

/** One to four bytes of the header changed, or a piece cut out, doubled or cut off. */
function mutated(whole: Buffer, header: number, random: SeededRandom): Buffer {
  const upTo = (most: number) => Math.floor(random.next() * most);
  const at = upTo(header);
  const kind = upTo(5);
  if (kind === 0) return whole.subarray(0, upTo(whole.length));
  if (kind === 1) return Buffer.concat([whole.subarray(0, at), whole.subarray(at + 1 + upTo(16))]);
  if (kind === 2) return Buffer.concat([whole.subarray(0, at + 8), whole.subarray(at)]);
  const mutant = Buffer.from(whole);
  for (let left = 1 + upTo(4); left > 0; left -= 1) mutant[upTo(header)] = kind === 3 ? 0xff : upTo(256);
  return mutant;
}
