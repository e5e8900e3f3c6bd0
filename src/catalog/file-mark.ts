import { createHash } from 'node:crypto';
import { type BigIntStats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What of a file or folder changes with its bytes. */
export interface FileMark {
  readonly mark: string;
  readonly sizeBytes: number;
}

/** Reads no byte of it. @throws Error when there is nothing to look at */
export async function markOf(path: string): Promise<FileMark> {
  const found = await stat(path, { bigint: true });
  if (!found.isDirectory()) return { mark: textOf(found), sizeBytes: Number(found.size) };
  const files: FileMark[] = [];
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const location = join(entry.parentPath, entry.name);
    const { mark, sizeBytes } = await markOfFile(location);
    files.push({ mark: `${location} ${mark}`, sizeBytes });
  }
  const all = files.map(({ mark }) => mark).sort();
  const mark = createHash('sha256').update(all.join('\n')).digest('hex');
  return { mark: `folder:${mark}`, sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}

async function markOfFile(path: string): Promise<FileMark> {
  const found = await stat(path, { bigint: true });
  return { mark: textOf(found), sizeBytes: found.isFile() ? Number(found.size) : 0 };
}

/** The time of the last change of the inode cannot be set back, as that of the content can. */
function textOf({ size, mtimeNs, ctimeNs, ino, dev }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}
