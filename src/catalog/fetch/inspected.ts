import { open } from 'node:fs/promises';
import { type SourceFile } from '@llama-orch/plugin-sdk';
import { FetchError } from './fetch-error.js';
import { type Inspection } from './fetches.js';
import { remoteFile } from './file-fetches.js';
import { type ByteSource, FileBytes, Unsound } from './formats/byte-source.js';
import { isWeightsName } from './formats/check-file.js';
import { readGgufShape } from './formats/gguf.js';
import { type ModelShape } from './formats/model-shape.js';
import { type ModelPlan, resolvedRef, sumOf } from './model-plan.js';
import { RemoteBytes } from './remote-bytes.js';
import { type SourceDoor } from './source-door.js';

/** Reads what the header of the weights says, wherever they are. @throws FetchError when they are not sound */
export async function inspected(plan: ModelPlan, door: SourceDoor, signal: AbortSignal): Promise<Inspection> {
  const weights = plan.files.filter(({ path }) => isWeightsName(path));
  const about = { ...resolvedRef(plan), weightsBytes: sumOf(weights.length === 0 ? plan.files : weights) };
  const header = weights.find(({ path }) => /\.gguf$/i.test(path));
  return { ...about, shape: header === undefined ? undefined : await shapeOf(plan, header, door, signal) };
}

async function shapeOf(
  plan: ModelPlan,
  file: SourceFile,
  door: SourceDoor,
  signal: AbortSignal,
): Promise<ModelShape | undefined> {
  try {
    return await withBytes(plan, file, door, signal, readGgufShape);
  } catch (error) {
    if (!(error instanceof Unsound)) throw error;
    throw new FetchError('unsound', `${file.path} of ${plan.order.ref} is not fetched: ${error.message}`);
  }
}

async function withBytes<Value>(
  { order: { ref }, resolved: { pinnedRef } }: ModelPlan,
  { path, sizeBytes, digest, place }: SourceFile,
  door: SourceDoor,
  signal: AbortSignal,
  read: (bytes: ByteSource) => Promise<Value>,
): Promise<Value | undefined> {
  if (place.type === 'remote') {
    const file = remoteFile({ ref, pinnedRef, path, sizeBytes, digest, place }, door, signal);
    const bytes = RemoteBytes.of(file, door, signal);
    return bytes === undefined ? undefined : read(bytes);
  }
  const file = await open(place.path, 'r');
  try {
    return await read(new FileBytes(file, (await file.stat()).size));
  } finally {
    await file.close();
  }
}
