import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { BackupError } from './backup-error.js';
import { PARTS } from './places.js';

export const MANIFEST = 'manifest.json';
export const DATABASE = 'store.db';

/** Names of one file or folder each, below a known part: a manifest leads nowhere else. */
const PATH = new RegExp(
  `^(?:${DATABASE.replace('.', '\\.')}|(?:${PARTS.join('|')})(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+)$`,
);

const manifest = z.strictObject({
  format: z.literal('llama-orch-backup'),
  version: z.literal(1),
  created_ms: z.int().min(0),
  software_version: z.string(),
  files: z.array(
    z.strictObject({
      path: z.string().regex(PATH),
      size_bytes: z.int().min(0),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});

export type Manifest = z.infer<typeof manifest>;
export type BackupFile = Manifest['files'][number];

/** @throws BackupError when the folder holds no backup that this llama-orch can read */
export function readManifest(folder: string): Manifest {
  const parsed = manifest.safeParse(parse(folder));
  if (parsed.success && isWhole(parsed.data)) return parsed.data;
  const [issue] = parsed.error?.issues ?? [];
  const where =
    issue === undefined ? 'it names a file twice or no database' : `${issue.path.join('.')}: ${issue.message}`;
  throw new BackupError(`the ${MANIFEST} of the backup cannot be used: ${where}; take another backup`);
}

function parse(folder: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8'));
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'it is no JSON';
    throw new BackupError(`${folder} holds no readable ${MANIFEST} (${why}); name the folder that backup made`);
  }
}

function isWhole({ files }: Manifest): boolean {
  const paths = new Set(files.map(({ path }) => path));
  return paths.size === files.length && paths.has(DATABASE);
}
