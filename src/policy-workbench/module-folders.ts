import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../policy-host/module/prepare.js';
import { ModuleStore } from './decisions.js';

type Bytes = Uint8Array<ArrayBuffer>;

/** Modules wherever they may be: in a store under their digest, else among the .wasm files of some folders. */
export class ModuleFolders extends ModuleStore {
  private known: Promise<ReadonlyMap<string, Bytes>> | undefined;

  constructor(
    private readonly store: ModuleStore,
    private readonly folders: readonly string[],
  ) {
    super();
  }

  override async read(digest: string): Promise<Uint8Array | undefined> {
    const kept = await this.store.read(digest);
    if (kept !== undefined) return kept;
    this.known ??= modulesIn(this.folders);
    return (await this.known).get(digest);
  }
}

async function modulesIn(folders: readonly string[]): Promise<ReadonlyMap<string, Bytes>> {
  const files = (await Promise.all(folders.map(filesIn))).flat();
  const modules = await Promise.all(files.map(async (file) => new Uint8Array(await readFile(file))));
  return new Map(modules.map((bytes) => [digestOf(bytes), bytes]));
}

async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith('.wasm')).map((name) => join(folder, name));
}
