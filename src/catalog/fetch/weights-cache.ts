import { randomUUID } from 'node:crypto';
import { chmod, link, mkdir, readdir, rename, rm, stat, statfs, symlink, utimes } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { isDigest } from '../trust/digest.js';
import { moveDurably, readDocument, syncFolder, writeDocument } from './durable.js';
import { FolderLock } from './folder-lock.js';
import { hexOf } from './hex.js';
import { type ModelRecord, readRecord } from './model-record.js';
import { type PartPlace } from './part.js';

const RECORD = /^[0-9a-f]{64}\.json$/;
const READ_ONLY = 0o444;
const OWNER_ONLY = 0o700;
const FOLDERS = ['blobs', 'models', 'records', 'parts', 'quarantine', 'trash'] as const;
type Folder = (typeof FOLDERS)[number];

/** A model in the cache, and when it was used last. */
export interface CachedModel {
  readonly record: ModelRecord;
  readonly usedMs: number;
}

/**
 * The folder of fetched weights. A blob is one whole file under its digest; a model is a folder of links to blobs that
 * appears at once under the digest of the model. Engines are led into `models/` alone: parts never have a name there.
 */
export class WeightsCache {
  /** One at a time. */
  private lastPublication: Promise<void> = Promise.resolve();

  private readonly lock: FolderLock;

  constructor(private readonly folder: string) {
    this.lock = new FolderLock(join(folder, 'lock'));
  }

  /** Makes it ready to be written to. False: another process writes to it. */
  async prepare(): Promise<boolean> {
    await mkdir(this.folder, { recursive: true, mode: OWNER_ONLY });
    if (!(await this.lock.take())) return false;
    for (const name of FOLDERS) await mkdir(join(this.folder, name), { recursive: true, mode: OWNER_ONLY });
    await rm(this.place('trash'), { recursive: true, force: true });
    await mkdir(this.place('trash'), { mode: OWNER_ONLY });
    await this.removeHalfWritten();
    return true;
  }

  /** Others may write to it. */
  async close(): Promise<void> {
    await this.lock.release();
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.folder);
    return bavail * bsize;
  }

  partPlace(key: string): PartPlace {
    return { file: this.place('parts', `${key}.part`), state: this.place('parts', `${key}.json`) };
  }

  /** A whole file with this digest. */
  async blob(digest: string): Promise<{ readonly location: string; readonly sizeBytes: number } | undefined> {
    const location = this.place('blobs', hexOf(digest));
    const found = await stat(location).catch(() => undefined);
    return found?.isFile() === true ? { location, sizeBytes: found.size } : undefined;
  }

  /**
   * Takes in a part whose bytes were compared.
   * @param isRemembered true where nobody told its digest: a model that is not whole finds it by its key
   */
  async adopt({ file, state }: PartPlace, digest: string, isRemembered: boolean): Promise<void> {
    await chmod(file, READ_ONLY);
    await moveDurably(file, this.place('blobs', hexOf(digest)));
    if (isRemembered) await writeDocument(state, { digest });
    else await rm(state, { force: true });
  }

  /** The digest of a file that was fetched without one. */
  async remembered(key: string): Promise<string | undefined> {
    const parsed = z
      .strictObject({ digest: z.string().refine(isDigest) })
      .safeParse(await readDocument(this.partPlace(key).state));
    return parsed.success ? parsed.data.digest : undefined;
  }

  async forget(key: string): Promise<void> {
    await rm(this.partPlace(key).state, { force: true });
  }

  async quarantinePart({ file, state }: PartPlace, name: string): Promise<void> {
    await this.quarantine(file, name);
    await rm(state, { force: true });
  }

  /** Makes a model out of blobs, all of it or none. Answers the record that stands: another ref may have led to it first. */
  publish(record: ModelRecord): Promise<ModelRecord> {
    const publication = this.lastPublication.then(async () => {
      const found = await this.find(record.digest);
      if (found === undefined) await this.makeModel(record);
      return found?.record ?? record;
    });
    this.lastPublication = publication.then(
      () => undefined,
      () => undefined,
    );
    return publication;
  }

  private async makeModel(record: ModelRecord): Promise<void> {
    const target = this.modelFolder(record.digest);
    const staged = this.place('trash', randomUUID());
    for (const { path, digest } of record.files) await this.linkBlob(digest, join(staged, path));
    await syncFolder(staged);
    await rm(target, { recursive: true, force: true });
    await moveDurably(staged, target);
    await writeDocument(this.recordPath(record.digest), record);
    await syncFolder(this.place('records'));
  }

  /** Undefined unless every file is there with its size. */
  async find(digest: string): Promise<CachedModel | undefined> {
    const path = this.recordPath(digest);
    const record = await readRecord(path);
    if (record?.digest !== digest || !(await this.isWhole(record))) return undefined;
    return { record, usedMs: (await stat(path)).mtimeMs };
  }

  modelFolder(digest: string): string {
    return this.place('models', hexOf(digest));
  }

  /** What was used is evicted last. */
  async touch(digest: string, epochMs: number): Promise<void> {
    await utimes(this.recordPath(digest), epochMs / 1_000, epochMs / 1_000).catch(() => undefined);
  }

  async all(): Promise<readonly CachedModel[]> {
    const names = (await this.namesIn('records')).filter((name) => RECORD.test(name));
    const found = await Promise.all(names.map((name) => this.find(`sha256:${name.slice(0, -'.json'.length)}`)));
    return found.filter((one) => one !== undefined);
  }

  /** Bytes of blobs and parts. */
  async usedBytes(): Promise<number> {
    const [blobs, parts] = await Promise.all([this.filesIn('blobs'), this.filesIn('parts')]);
    return [...blobs, ...parts].reduce((sum, { size }) => sum + size, 0);
  }

  /** The record goes first, so nobody finds a model that is half gone. Blobs that no other model has go with it. */
  async remove(record: ModelRecord, isHeld: (blobDigest: string) => boolean): Promise<void> {
    await this.takeAway(record.digest);
    const wanted = await this.wantedBlobs();
    const lone = record.files.filter(({ digest }) => !wanted.has(digest) && !isHeld(digest));
    for (const { digest } of lone) await rm(this.place('blobs', hexOf(digest)), { force: true });
  }

  /** Like {@link remove}, but the bytes are kept where nothing looks for them. */
  async quarantineModel(record: ModelRecord): Promise<void> {
    await this.takeAway(record.digest);
    for (const { digest } of record.files) {
      const blob = await this.blob(digest);
      if (blob !== undefined) await this.quarantine(blob.location, hexOf(digest));
    }
  }

  /** @param name under which it is found again; what was there before goes */
  async quarantine(location: string, name: string): Promise<void> {
    await chmod(location, 0o400);
    await moveDurably(location, this.place('quarantine', name));
  }

  /** Parts, and blobs of models that were never whole, which nobody wrote to since then. */
  async cleanUp(olderThanEpochMs: number, isInUse: (key: string) => boolean): Promise<number> {
    const parts = (await this.filesIn('parts')).filter(({ name }) => !isInUse(name.replace(/\.(?:part|json)$/, '')));
    const wanted = await this.wantedBlobs();
    const blobs = (await this.filesIn('blobs')).filter(({ name }) => !wanted.has(`sha256:${name}`) && !isInUse(name));
    const quarantined = await this.filesIn('quarantine');
    let bytes = 0;
    for (const { location, size, mtimeMs } of [...parts, ...blobs, ...quarantined]) {
      if (mtimeMs > olderThanEpochMs) continue;
      await rm(location, { force: true });
      bytes += size;
    }
    return bytes;
  }

  /** Documents that a kill kept from their names. */
  private async removeHalfWritten(): Promise<void> {
    for (const folder of ['parts', 'records'] as const) {
      const names = (await readdir(this.place(folder))).filter((name) => name.endsWith('.tmp'));
      for (const name of names) await rm(this.place(folder, name), { force: true });
    }
  }

  private async takeAway(digest: string): Promise<void> {
    await rm(this.recordPath(digest), { force: true });
    await syncFolder(this.place('records'));
    const away = this.place('trash', randomUUID());
    await rename(this.modelFolder(digest), away).catch(() => undefined);
    await rm(away, { recursive: true, force: true });
  }

  /** Blobs that records name, whether or not their models are whole. */
  private async wantedBlobs(): Promise<ReadonlySet<string>> {
    const names = (await this.namesIn('records')).filter((name) => RECORD.test(name));
    const records = await Promise.all(names.map((name) => readRecord(this.place('records', name))));
    return new Set(records.flatMap((record) => record?.files.map(({ digest }) => digest) ?? []));
  }

  /** Some file systems have no hard links; there, a model names its blobs. */
  private async linkBlob(digest: string, to: string): Promise<void> {
    const blob = this.place('blobs', hexOf(digest));
    await mkdir(dirname(to), { recursive: true, mode: OWNER_ONLY });
    await link(blob, to).catch(async (error: NodeJS.ErrnoException) => {
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS'].includes(error.code ?? '')) throw error;
      await symlink(relative(dirname(to), blob), to);
    });
  }

  private async isWhole({ digest, files }: ModelRecord): Promise<boolean> {
    const folder = this.modelFolder(digest);
    const sizes = await Promise.all(
      files.map(async ({ path }) => (await stat(join(folder, path)).catch(() => undefined))?.size),
    );
    return files.every(({ sizeBytes }, at) => sizes[at] === sizeBytes);
  }

  private async filesIn(folder: Folder) {
    const names = await this.namesIn(folder);
    const found = await Promise.all(
      names.map(async (name) => {
        const location = this.place(folder, name);
        const facts = await stat(location).catch(() => undefined);
        if (facts === undefined) return undefined;
        const { size, mtimeMs } = facts;
        return { name, location, size, mtimeMs };
      }),
    );
    return found.filter((one) => one !== undefined);
  }

  /** A folder that was never made has none. */
  private async namesIn(folder: Folder): Promise<readonly string[]> {
    return readdir(this.place(folder)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
      throw error;
    });
  }

  private recordPath(digest: string): string {
    return this.place('records', `${hexOf(digest)}.json`);
  }

  private place(folder: Folder, ...rest: readonly string[]): string {
    return join(this.folder, folder, ...rest);
  }
}
