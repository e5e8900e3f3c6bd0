import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../module/prepare.js';

const MOST = 256;
const MODULE = /^([0-9a-f]{64})\.wasm$/;
const OWNER_ONLY = 0o700;
const OWNER_FILE = 0o600;

/** Every module that was in force, as it was on disk, under its digest: what it decided can be decided again. */
export class ModuleArchive {
  constructor(
    private readonly folder: string,
    private readonly most = MOST,
  ) {}

  /** Keeps a module as the latest one; of too many, the oldest goes. @throws Error when the disk refuses */
  async keep(bytes: Uint8Array, digest: string, epochMs: number): Promise<void> {
    const file = this.fileOf(digest);
    await mkdir(this.folder, { recursive: true, mode: OWNER_ONLY });
    if ((await this.read(digest)) === undefined) await writeWhole(file, bytes);
    await utimes(file, epochMs / 1000, epochMs / 1000);
    await this.prune();
  }

  /** The module with this digest; undefined when it is not there, or no longer what it was. */
  async read(digest: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      const bytes = new Uint8Array(await readFile(this.fileOf(digest)));
      return digestOf(bytes) === digest ? bytes : undefined;
    } catch {
      return undefined;
    }
  }

  private fileOf(digest: string): string {
    return join(this.folder, `${digest.replace(/^sha256:/, '')}.wasm`);
  }

  private async prune(): Promise<void> {
    const names = (await readdir(this.folder)).filter((name) => MODULE.test(name));
    if (names.length <= this.most) return;
    const files = await Promise.all(names.map((name) => this.aged(name)));
    const oldestFirst = files.sort((a, b) => a.mtimeMs - b.mtimeMs);
    const tooMany = oldestFirst.slice(0, files.length - this.most);
    await Promise.all(tooMany.map(({ path }) => rm(path, { force: true })));
  }

  private async aged(name: string): Promise<{ readonly path: string; readonly mtimeMs: number }> {
    const path = join(this.folder, name);
    return { path, mtimeMs: (await stat(path)).mtimeMs };
  }
}

/** A reader sees the whole file or none. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const part = `${file}.${process.pid}.part`;
  await writeFile(part, bytes, { mode: OWNER_FILE });
  await rename(part, file);
}
