import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock } from '../../kernel/clock.js';
import { AppError } from '../../kernel/errors.js';
import { StoreSnapshots, type StoreSnapshot } from '../../observability/store-snapshots.js';
import { type WorkerStore } from '../store/worker-store.js';
import { BackupError } from './backup-error.js';

const FOLDER = 'snapshots';
const RETRY_MS = 5_000;
const NAME = /^store-\d+\.db$/;

/** Where a snapshot lies. @throws BackupError for a name that no snapshot has */
export function snapshotPath(dataFolder: string, name: string): string {
  if (NAME.test(name)) return join(snapshotFolder(dataFolder), name);
  throw new BackupError(`what answers at the URL of the daemon names no snapshot: ${JSON.stringify(name)}`);
}

export function snapshotFolder(dataFolder: string): string {
  return join(dataFolder, FOLDER);
}

/** Snapshots in a folder of the data folder, of which the newest alone is kept. Its name is given when it is whole. */
export class SnapshotFiles extends StoreSnapshots {
  private isTaking = false;

  constructor(
    private readonly store: WorkerStore,
    private readonly dataFolder: string,
    private readonly clock: Clock,
  ) {
    super();
  }

  override async take(): Promise<StoreSnapshot> {
    if (this.isTaking)
      throw new AppError('CONFLICT', 'a snapshot is being made; wait for it, then ask again', {
        members: { retriable: true, retry_after_ms: RETRY_MS },
      });
    this.isTaking = true;
    try {
      return await this.make();
    } finally {
      this.isTaking = false;
    }
  }

  private async make(): Promise<StoreSnapshot> {
    const folder = snapshotFolder(this.dataFolder);
    const createdMs = this.clock.epochMs();
    const name = `store-${createdMs}.db`;
    const [path, part] = [join(folder, name), join(folder, `${name}.part`)];
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const old of await readdir(folder)) await rm(join(folder, old), { force: true });
    await this.store.snapshot(part);
    await chmod(part, 0o600);
    await rename(part, path);
    return { name, sizeBytes: (await stat(path)).size, createdMs };
  }
}
