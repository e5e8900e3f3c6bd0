import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EntryFiles } from '../../catalog/catalog-store.js';
import { type CatalogEntry } from '../../catalog/entry.js';
import { syncFolder } from '../../catalog/fetch/durable.js';

const OWNER_ONLY = 0o700;
const OWNER_FILE = 0o600;
const SHOWN = 48;

/** One folder per entry below a root. Its name is made here, so that no id leads anywhere else. */
export class EntryFolders extends EntryFiles {
  constructor(private readonly root: string) {
    super();
  }

  override async keep(entry: CatalogEntry): Promise<void> {
    const folder = this.folderOf(entry.id);
    await mkdir(folder, { recursive: true, mode: OWNER_ONLY });
    for (const [name, text] of filesOf(entry)) await writeDurably(folder, name, text);
    await syncFolder(folder);
    await syncFolder(this.root);
  }

  override async remove(id: string): Promise<void> {
    await rm(this.folderOf(id), { recursive: true, force: true });
  }

  /** For people its beginning, for certainty its digest. */
  folderOf(id: string): string {
    const shown = id.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, SHOWN);
    const digest = createHash('sha256').update(id).digest('hex').slice(0, 32);
    return join(this.root, `${shown}-${digest}`);
  }
}

/** What is retained, by the name of its file; all of them are made up here. */
function filesOf(entry: CatalogEntry): readonly (readonly [name: string, text: string])[] {
  const { manifests, signatures, sbom } = entry;
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  return [
    ['entry.json', json(entry)],
    ['manifests.json', json(manifests)],
    ...signatures.flatMap(({ bundle }, at) =>
      bundle === undefined ? [] : [[`signature-${at}.sigstore.json`, JSON.stringify(bundle)] as const],
    ),
    ...(sbom?.text === undefined ? [] : [['sbom.json', sbom.text] as const]),
  ];
}

/** Whoever reads the file sees the old text or the new one, also after a power loss. */
async function writeDurably(folder: string, name: string, text: string): Promise<void> {
  const temporary = join(folder, `.${name}.${randomUUID()}`);
  try {
    const file = await open(temporary, 'wx', OWNER_FILE);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(folder, name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
