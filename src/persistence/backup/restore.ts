import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { type Verdict } from '../../audit/verify.js';
import { storePath } from '../store/connection-path.js';
import { verdictOf } from './back-up.js';
import { BackupError } from './backup-error.js';
import { copyFile, digestOf, filesBelow, syncFolder } from './copy.js';
import { checkCopy, holdDatabase } from './database-copy.js';
import { type BackupFile, DATABASE, MANIFEST, type Manifest, readManifest } from './manifest.js';
import { type BackupPlaces, type Part, PARTS } from './places.js';

export interface RestoreRequest {
  readonly places: BackupPlaces;
  readonly backup: string;
  /** What is in the way is moved aside instead of being a reason to stop. */
  readonly force: boolean;
  readonly epochMs: number;
}

export interface RestoreReport {
  readonly manifest: Manifest;
  readonly audit: Verdict | undefined;
  /** Where that is now which was in the way. */
  readonly movedAside: readonly string[];
}

/** A folder that is made beside its place and then takes it. */
interface Stage {
  readonly work: string;
  readonly place: string;
}

/**
 * Puts a backup in the place of a data folder, once every byte of it is known to be right. No daemon may run on it.
 * @throws BackupError, with everything as it was
 */
export async function restore(request: RestoreRequest): Promise<RestoreReport> {
  const { places, backup, force } = request;
  const manifest = readManifest(backup);
  await requireWhole(backup, manifest);
  requireIdle(places.data);
  const stages = stagesOf(places);
  if (!force) await requireFree(stages);
  try {
    await fill(stages, request, manifest);
    const audit = await verdictOf(stages[0]!.work);
    if (audit?.ok === false)
      throw new BackupError(`the audit of the backup is not as it was written: ${audit.fault.what}`);
    return { manifest, audit, movedAside: await swap(stages, request.epochMs) };
  } finally {
    for (const { work } of stages) await rm(work, { recursive: true, force: true });
  }
}

/** Every file is there, is what it was, and nothing else is. */
async function requireWhole(backup: string, { files }: Manifest): Promise<void> {
  const known = new Set([MANIFEST, ...files.map(({ path }) => path)]);
  const strange = (await filesBelow(backup)).find((path) => !known.has(path));
  if (strange !== undefined) throw new BackupError(`${strange} is not in the manifest of the backup; remove it`);
  for (const file of files) await requireSame(backup, file);
}

async function requireSame(backup: string, { path, size_bytes: size, sha256 }: BackupFile): Promise<void> {
  const found = await digestOf(join(backup, path)).catch(() => undefined);
  if (found === undefined) throw new BackupError(`${path} of the backup is missing; use another backup`);
  if (found.size_bytes === size && found.sha256 === sha256) return;
  throw new BackupError(`${path} of the backup is not what was backed up; use another backup`);
}

function requireIdle(data: string): void {
  const path = storePath(data);
  if (!existsSync(path)) return;
  try {
    const held = holdDatabase(path);
    held?.release();
    if (held === undefined) throw new BackupError(`a llama-orch runs on ${data}; stop it, then restore`);
  } catch (error) {
    // A store that cannot be read is what a restore is for.
    if (error instanceof BackupError && error.message.startsWith('a llama-orch runs')) throw error;
  }
}

/** The data folder first; parts that lie elsewhere have stages of their own. */
function stagesOf({ data, parts }: BackupPlaces): readonly Stage[] {
  const outside = PARTS.map((part) => parts[part]).filter((place) => !isBelow(place, data));
  return [data, ...outside].map((place) => ({ place, work: `${place}.restoring` }));
}

function isBelow(place: string, folder: string): boolean {
  const path = relative(folder, place);
  return !path.startsWith('..') && !isAbsolute(path);
}

async function requireFree(stages: readonly Stage[]): Promise<void> {
  for (const { place } of stages) {
    if ((await namesIn(place)).length > 0)
      throw new BackupError(
        `${place} is not empty; give --force to have it moved aside, or use another storage.data_dir`,
      );
  }
}

async function fill(stages: readonly Stage[], { places, backup }: RestoreRequest, { files }: Manifest): Promise<void> {
  for (const { work } of stages) {
    await rm(work, { recursive: true, force: true });
    await mkdir(work, { recursive: true, mode: 0o700 });
  }
  const [{ work: data }] = stages as [Stage, ...Stage[]];
  for (const file of files) {
    const to = targetOf(file.path, places, stages);
    const copied = await copyFile(join(backup, file.path), to);
    if (copied.sha256 !== file.sha256)
      throw new BackupError(`${file.path} could not be copied as it is; look at the disks`);
  }
  checkCopy(join(data, DATABASE));
}

function targetOf(path: string, { data, parts }: BackupPlaces, stages: readonly Stage[]): string {
  if (path === DATABASE) return join(stages[0]!.work, DATABASE);
  const [part, ...rest] = path.split('/') as [Part, ...string[]];
  const place = parts[part];
  const own = stages.find((stage) => stage.place === place);
  const root = own === undefined ? join(stages[0]!.work, relative(data, place)) : own.work;
  return join(root, ...rest);
}

/** The data folder last: until then a daemon that starts finds the old one. */
async function swap(stages: readonly Stage[], epochMs: number): Promise<readonly string[]> {
  const aside: string[] = [];
  for (const { work, place } of stages.toReversed()) {
    await mkdir(dirname(place), { recursive: true, mode: 0o700 });
    if ((await namesIn(place)).length > 0) {
      const old = `${place}.before-${new Date(epochMs).toISOString().replaceAll(/[:.]/g, '-')}`;
      await rename(place, old);
      aside.push(old);
    }
    await rename(work, place);
    await syncFolder(dirname(place));
  }
  return aside;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}
