import { join } from 'node:path';
import { type ArtifactId, hexOf, parseArtifactId } from '../../artifacts/artifact-id.js';
import { Blobs } from '../../artifacts/blobs.js';
import { AppError } from '../../kernel/errors.js';
import { type Disk } from './disk.js';
import { FolderSync } from './folder-sync.js';

const CONTENTS = 'blobs';
const INCOMING = 'incoming';
/** Contents lie in folders by the first digits of their hashes, as some file systems are slow with large folders. */
const SHARD_DIGITS = 2;
const IDS_AT_ONCE = 1_000;

/** Contents as files, named after their hashes. A file is whole or not there: it is written elsewhere and then renamed. */
export class BlobFiles extends Blobs {
  private readonly sync: FolderSync;
  private readonly shards = new Map<string, Promise<void>>();
  /** Who writes what is being written already waits for that. */
  private readonly writing = new Map<ArtifactId, Promise<void>>();
  private lastName = 0;

  private constructor(
    private readonly root: string,
    private readonly disk: Disk,
  ) {
    super();
    this.sync = new FolderSync(disk);
  }

  /** Makes the folders, and removes what a daemon that was cut off left half written. */
  static async in(root: string, disk: Disk): Promise<BlobFiles> {
    const [contents, incoming] = [join(root, CONTENTS), join(root, INCOMING)];
    await disk.makeFolder(contents);
    await disk.makeFolder(incoming);
    for (const name of await disk.namesIn(incoming)) await disk.remove(join(incoming, name));
    await disk.syncFolder(root);
    return new BlobFiles(root, disk);
  }

  override write(id: ArtifactId, form: Uint8Array): Promise<void> {
    const before = this.writing.get(id);
    if (before !== undefined) return before;
    const writing = onDisk('kept', () => this.writeOnce(id, form)).finally(() => this.writing.delete(id));
    this.writing.set(id, writing);
    return writing;
  }

  override read(id: ArtifactId): Promise<Uint8Array | undefined> {
    return onDisk('read', () => this.disk.read(this.pathOf(id)));
  }

  override remove(id: ArtifactId): Promise<number> {
    return onDisk('removed', async () => {
      const bytes = await this.disk.sizeOf(this.pathOf(id));
      await this.disk.remove(this.pathOf(id));
      return bytes ?? 0;
    });
  }

  override async *all(): AsyncIterable<readonly ArtifactId[]> {
    const contents = join(this.root, CONTENTS);
    for (const shard of await onDisk('listed', () => this.disk.namesIn(contents))) {
      const names = await onDisk('listed', () => this.disk.namesIn(join(contents, shard)));
      const ids = names.flatMap((name) => parseArtifactId(`sha256:${name}`) ?? []);
      for (let from = 0; from < ids.length; from += IDS_AT_ONCE) yield ids.slice(from, from + IDS_AT_ONCE);
    }
  }

  private async writeOnce(id: ArtifactId, form: Uint8Array): Promise<void> {
    const [path, shard] = [this.pathOf(id), this.shardOf(id)];
    if ((await this.disk.sizeOf(path)) !== form.length) await this.writeAnew(path, shard, form);
    // Also for a file that was there: the daemon that wrote it may have ended before this.
    await this.sync.of(shard);
  }

  private async writeAnew(path: string, shard: string, form: Uint8Array): Promise<void> {
    await this.makeShard(shard);
    const incoming = join(this.root, INCOMING, String(++this.lastName));
    try {
      await this.disk.writeNew(incoming, form);
      await this.disk.rename(incoming, path);
    } catch (error) {
      await this.disk.remove(incoming).catch(() => {});
      throw error;
    }
  }

  private makeShard(shard: string): Promise<void> {
    const known = this.shards.get(shard);
    if (known !== undefined) return known;
    const made = this.disk.makeFolder(shard).then(() => this.sync.of(join(this.root, CONTENTS)));
    this.shards.set(shard, made);
    made.catch(() => this.shards.delete(shard));
    return made;
  }

  private shardOf(id: ArtifactId): string {
    return join(this.root, CONTENTS, hexOf(id).slice(0, SHARD_DIGITS));
  }

  private pathOf(id: ArtifactId): string {
    return join(this.shardOf(id), hexOf(id));
  }
}

/** What the disk says names paths of the host, so that callers get words of ours. */
async function onDisk<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
    const hint =
      code === 'ENOSPC' || code === 'EDQUOT'
        ? 'the disk is full; the operator has to free space'
        : `the disk reports ${code}; the operator has to look at the folder of artifacts`;
    throw new AppError('INTERNAL', `the artifact could not be ${what}: ${hint}`, { cause: error });
  }
}
