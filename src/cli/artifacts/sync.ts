import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ArtifactKind, type Client } from '@llama-orch/client';
import { contentOfFile, idOf } from './file-content.js';

export interface Synced {
  readonly file: string;
  readonly id: string;
  readonly state: 'put' | 'unchanged';
}

const LONGEST_PATH = 100;

/** Files of a folder and the folders in it, in their order; links are left out. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, '/').length))
    .sort();
}

/**
 * Puts one file unless it was put before as it is now. What it was before becomes its parent. Tags tell the file and what it
 * was made from, as the id itself differs where secrets were taken out.
 */
export async function syncFile(client: Client, folder: string, file: string, kind: ArtifactKind): Promise<Synced> {
  const content = contentOfFile(readFileSync(join(folder, file)), file);
  const [fileTag, sourceTag] = [`file:${shortPath(file)}`, `source:${idOf(kind, content)}`];
  const { items } = await client.artifacts({ tag: [fileTag], kind, limit: 1 });
  const [newest] = items;
  if (newest?.tags.includes(sourceTag)) return { file, id: newest.id, state: 'unchanged' };
  const before = await client.artifacts({ tag: [fileTag, sourceTag], kind, limit: 1 });
  // Back at an earlier state: that one cannot descend from what came after it.
  const parent = before.items.length > 0 ? undefined : newest?.id;
  const tags = ['sync', fileTag, sourceTag];
  const { id } = await client.createArtifact({ kind, tags, ...(parent && { parent }) }, { contentJson: content.json });
  return { file, id, state: 'put' };
}

function shortPath(file: string): string {
  if (file.length <= LONGEST_PATH) return file;
  return createHash('sha256').update(file).digest('hex');
}
