import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { poolModel } from '../model-ref.js';
import { findWeights, requireDigest, requireReadable, requireSameDigest, requireSoundHeader } from './weights.js';

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-weights-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NEVER = new AbortController().signal;

function header(version: number, magic = 'GGUF'): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.write(magic, 'latin1');
  bytes.writeUInt32LE(version, 4);
  return bytes;
}

function fileOf(name: string, bytes: Buffer) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return poolModel(`file:${path}`);
}

const none = poolModel(`file:${folder}/none.gguf`);
const remote = poolModel('qwen');

describe('The weights of a new model', () => {
  it('are measured where they are a file, and left alone where they are not (ORCH-2102)', async () => {
    expect(await findWeights(fileOf('a.gguf', header(3)))).toBe(64);
    expect(await findWeights(poolModel(`file:${folder}`))).toBeUndefined();
    expect(await findWeights(remote)).toBeUndefined();
    await requireReadable(remote);
    await requireSoundHeader(remote);
    await requireDigest(remote, 'sha256:00', NEVER);
  });

  it('that do not exist are named without their folder (ORCH-2102)', async () => {
    const refusal = { code: 'invalid-input', reason: 'model_missing', message: expect.stringContaining('model none ') };
    await expect(findWeights(none)).rejects.toMatchObject(refusal);
    await expect(findWeights(none)).rejects.not.toMatchObject({ message: expect.stringContaining(folder) });
    await expect(requireReadable(none)).rejects.toMatchObject({ reason: 'model_unreadable' });
  });

  it('that never end are refused before anything reads them (ORCH-2102)', async () => {
    const refusal = { reason: 'model_malformed', message: expect.stringContaining('neither a file nor a folder') };
    await expect(findWeights(poolModel('file:/dev/zero'))).rejects.toMatchObject(refusal);
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'is no GGUF file'],
    ['too little', header(3).subarray(0, 23), 'is no GGUF file'],
    ['another magic', header(3, 'GGUX'), 'is no GGUF file'],
    ['a version of the past', header(1), 'has version 1'],
    ['a version of the future', header(4), 'has version 4'],
  ])('with %s at their head are refused before any engine sees them (ORCH-2102)', async (_, bytes, says) => {
    const refusal = { reason: 'model_malformed', message: expect.stringContaining(says) };
    await expect(requireSoundHeader(fileOf('bad.gguf', bytes))).rejects.toMatchObject(refusal);
  });

  it.each([
    ['version 2', 'a.gguf', header(2)],
    ['version 3', 'b.GGUF', header(3)],
    ['another format', 'c.safetensors', Buffer.from('whatever')],
  ])('of %s are let through (ORCH-2102)', async (_, name, bytes) => {
    await requireSoundHeader(fileOf(name, bytes));
  });

  it('must have the digest that was asked for (ORCH-2102)', async () => {
    const bytes = Buffer.from('weights');
    const model = fileOf('d.bin', bytes);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    await requireDigest(model, digest, NEVER);
    const other = `sha256:${'0'.repeat(64)}`;
    const refusal = { reason: 'digest_mismatch', message: expect.stringContaining(digest) };
    await expect(requireDigest(model, other, NEVER)).rejects.toMatchObject(refusal);
    expect(() => requireSameDigest('m', undefined, digest)).toThrow('no digest that its engine tells');
    await expect(requireDigest(none, digest, NEVER)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
