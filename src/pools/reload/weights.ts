import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, constants, open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { EngineError } from '@llama-orch/plugin-sdk';
import { type PoolModel } from '../model-ref.js';

const MAGIC = 'GGUF';
/** Versions of the format that engines of today read. */
const VERSIONS = [2, 3];
const LEAST_HEADER = 24;

/** Bytes of the weights; undefined where they are not a local file. @throws EngineError when there is nothing to read at the path */
export async function findWeights({ id, path }: PoolModel): Promise<number | undefined> {
  if (path === undefined) return undefined;
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw unusable('model_missing', id, 'does not exist; correct new_model_ref');
  // A pipe or device has no end, and would hold the reload up for ever.
  if (!found.isFile() && !found.isDirectory())
    throw unusable('model_malformed', id, 'is neither a file nor a folder; correct new_model_ref');
  return found.isFile() ? found.size : undefined;
}

/** @throws EngineError when the daemon may not read the file */
export async function requireReadable({ id, path }: PoolModel): Promise<void> {
  if (path === undefined) return;
  const isReadable = await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
  if (!isReadable) throw unusable('model_unreadable', id, 'cannot be read by the daemon; correct its permissions');
}

/** Looks at the head of a GGUF file, so that no engine is started for another one. @throws EngineError */
export async function requireSoundHeader({ id, path }: PoolModel): Promise<void> {
  if (path === undefined || !path.toLowerCase().endsWith('.gguf')) return;
  const head = await headOf(path);
  if (head.length < LEAST_HEADER || head.toString('latin1', 0, 4) !== MAGIC)
    throw unusable('model_malformed', id, 'is no GGUF file; correct new_model_ref, or fetch the file anew');
  const version = head.readUInt32LE(4);
  if (!VERSIONS.includes(version))
    throw unusable('model_malformed', id, `has version ${version} of the format; convert it to version 3`);
}

/** Compares the bytes of a local file with a digest, `sha256:<hex>`. @throws EngineError when they differ */
export async function requireDigest({ id, path }: PoolModel, digest: string, stop: AbortSignal): Promise<void> {
  if (path === undefined) return;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, { signal: stop }).catch((cause: unknown) => {
    throw new EngineError('unavailable', `the file of model ${id} could not be read to its end`, { cause });
  });
  requireSameDigest(id, `sha256:${hash.digest('hex')}`, digest);
}

/** @throws EngineError */
export function requireSameDigest(id: string, actual: string | undefined, wanted: string): void {
  if (actual === wanted) return;
  const what = actual === undefined ? 'no digest that its engine tells' : `the digest ${actual}`;
  throw new EngineError('invalid-input', `model ${id} has ${what}, not ${wanted}; fetch it anew, or correct digest`, {
    reason: 'digest_mismatch',
  });
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LEAST_HEADER), 0, LEAST_HEADER, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function unusable(reason: string, id: string, what: string): EngineError {
  return new EngineError('invalid-input', `the file of model ${id} ${what}`, { reason });
}
