import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { digestOf } from '../trust/digest.js';
import { modelFiles } from '../trust/model-files.js';
import { ModelFilesError } from '../trust/model-files-error.js';
import { entryFile } from './chosen-files.js';
import { FetchError } from './fetch-error.js';
import { Unsound } from './formats/byte-source.js';
import { checkFile } from './formats/check-file.js';
import { type LocalFile, type LocalModel } from './local-model.js';
import { type ModelPlan } from './model-plan.js';

/** Weights that are used where the operator keeps them: compared and checked, never copied, moved or removed. */
export class InPlace {
  private readonly byDigest = new Map<string, LocalModel>();

  /** @throws FetchError */
  async take(
    { order, resolved: { pinnedRef, revision, registry }, files }: ModelPlan,
    signal: AbortSignal,
  ): Promise<LocalModel> {
    const local: LocalFile[] = [];
    for (const { path, place } of files)
      if (place.type === 'local') local.push(await this.read(path, place.path, order.ref, signal));
    const digest = digestOf(local);
    if (order.digest !== undefined && digest !== order.digest)
      throw new FetchError('untrusted', `${order.ref} is ${digest}, not ${order.digest}; it is not loaded: check the file, then the digest`); // prettier-ignore
    const model: LocalModel = {
      ...{ ref: order.ref, pinnedRef, revision, registry, digest, isCached: false, files: local },
      sizeBytes: local.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      path: pathOf(local),
    };
    this.byDigest.set(digest, model);
    return model;
  }

  /** Undefined when a file is gone, or has another size. */
  async find(digest: string): Promise<LocalModel | undefined> {
    const model = this.byDigest.get(digest);
    if (model === undefined) return undefined;
    const sizes = await Promise.all(
      model.files.map(async ({ location }) => (await stat(location).catch(() => undefined))?.size),
    );
    return model.files.every(({ sizeBytes }, at) => sizes[at] === sizeBytes) ? model : undefined;
  }

  /** @throws FetchError when there is no such model */
  async verify(digest: string, signal: AbortSignal): Promise<boolean> {
    const model = this.byDigest.get(digest);
    if (model === undefined) throw new FetchError('not_local', `there are no weights with ${digest} here; fetch them`);
    const files: LocalFile[] = [];
    for (const { path, location } of model.files) files.push(await this.read(path, location, model.ref, signal));
    const isSame = digestOf(files) === digest;
    if (!isSame) this.byDigest.delete(digest);
    return isSame;
  }

  private async read(path: string, location: string, ref: string, signal: AbortSignal): Promise<LocalFile> {
    try {
      await checkFile(location, path);
      const [{ digest, sizeBytes } = { digest: '', sizeBytes: 0 }] = await modelFiles(location, {
        signal,
        allowLinks: true,
      });
      return { path, location, digest, sizeBytes };
    } catch (error) {
      signal.throwIfAborted();
      const isOfTheFile = error instanceof Unsound || error instanceof ModelFilesError;
      const why = isOfTheFile ? error.message : 'it cannot be read';
      throw new FetchError('unsound', `${path} of ${ref} is not loaded: ${why}`, { cause: error });
    }
  }
}

/** The folder is where the shortest path of a file begins. */
function pathOf(files: readonly LocalFile[]): string {
  const entry = entryFile(files.map(({ path }) => path));
  const file = files.find(({ path }) => path === entry);
  if (file !== undefined) return file.location;
  const [first] = files.toSorted((a, b) => a.path.split('/').length - b.path.split('/').length);
  return first === undefined ? '' : dirname(first.location);
}
