import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, basename } from 'node:path';
import { verifyLog, type Verdict } from '../../audit/verify.js';
import { readKeys } from '../audit/key-files.js';
import { logOnDisk } from '../audit/log-on-disk.js';
import { auditPlaces, hasLog } from '../audit/places.js';
import { storePath } from '../store/connection-path.js';
import { BackupError } from './backup-error.js';
import { type Copied, copyFile, digestOf, filesBelow, syncFolder } from './copy.js';
import { checkCopy, holdDatabase } from './database-copy.js';
import { type BackupFile, DATABASE, MANIFEST, type Manifest } from './manifest.js';
import { type BackupPlaces, type Part, PARTS } from './places.js';

export interface BackupRequest {
  readonly places: BackupPlaces;
  /** Must not exist, or be empty. */
  readonly target: string;
  readonly epochMs: number;
  readonly softwareVersion: string;
  /** Has the daemon that holds the database make a copy of it, and tells where that lies. */
  readonly askDaemon: () => Promise<string>;
}

export interface BackupReport {
  readonly manifest: Manifest;
  readonly source: 'files' | 'daemon';
  /** Of the audit in the backup; undefined without an audit. */
  readonly audit: Verdict | undefined;
  /** Contents of artifacts that the database names and that are not there, or are not what their names say. */
  readonly badArtifacts: number;
}

const AUDIT_TRIES = 5;
/** Order in which an audit that is written to has to be read: what the head says has to be in what is read after it. */
const AUDIT_FIRST = ['head.jsonl', 'cut.json'];

/**
 * Copies what must survive into a folder that appears when it is whole, whether or not a daemon runs.
 * @throws BackupError, with nothing left behind
 */
export async function backUp(request: BackupRequest): Promise<BackupReport> {
  const { target } = request;
  await requireEmpty(target);
  const work = join(dirname(target), `.${basename(target)}.part`);
  await rm(work, { recursive: true, force: true });
  try {
    await mkdir(work, { recursive: true, mode: 0o700 });
    const report = await fill(work, request);
    await rm(target, { recursive: true, force: true });
    await rename(work, target);
    await syncFolder(dirname(target));
    return report;
  } catch (error) {
    await rm(work, { recursive: true, force: true });
    throw error;
  }
}

async function fill(work: string, request: BackupRequest): Promise<BackupReport> {
  const held = holdDatabase(storePath(request.places.data));
  try {
    const file = join(work, DATABASE);
    if (held === undefined) await fetchFromDaemon(request.askDaemon, file);
    else held.copyTo(file);
    const { artifacts } = checkCopy(file);
    // The database first: contents of artifacts are written before their rows, and removed long after them.
    const files: BackupFile[] = [{ path: DATABASE, ...(await digestOf(file)) }];
    const audit = await copyAudit(work, request.places, files);
    for (const part of PARTS)
      if (part !== 'audit' && part !== 'keys') await copyPart(work, part, request.places, files);
    const manifest = manifestOf(request, files);
    await writeFile(join(work, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600, flush: true });
    return {
      manifest,
      source: held === undefined ? 'daemon' : 'files',
      audit,
      badArtifacts: countBad(artifacts, files),
    };
  } finally {
    held?.release();
  }
}

async function fetchFromDaemon(askDaemon: BackupRequest['askDaemon'], file: string): Promise<void> {
  const snapshot = await askDaemon();
  await copyFile(snapshot, file).catch((error: NodeJS.ErrnoException) => {
    const hint = 'run backup on the machine of the daemon, as its user, with its config';
    throw new BackupError(`the daemon made a copy of its database, which cannot be read here (${error.code}); ${hint}`);
  });
  await rm(snapshot, { force: true });
}

/** A daemon may write to the audit meanwhile, or drop old rows of it: then it is copied once more. */
async function copyAudit(work: string, places: BackupPlaces, files: BackupFile[]): Promise<Verdict | undefined> {
  for (let attempt = 1; ; attempt++) {
    const copied: BackupFile[] = [];
    await rm(join(work, 'audit'), { recursive: true, force: true });
    await rm(join(work, 'keys'), { recursive: true, force: true });
    const isWhole = await copyPart(work, 'audit', places, copied)
      .then(() => copyPart(work, 'keys', places, copied))
      .then(() => true)
      .catch((error: unknown) => {
        if (attempt === AUDIT_TRIES) throw error;
        return false;
      });
    const audit = isWhole ? await verdictOf(work) : undefined;
    if (!isWhole || (audit?.ok === false && attempt < AUDIT_TRIES)) continue;
    files.push(...copied);
    return audit;
  }
}

/** What an audit below a folder is worth; undefined when there is none. */
export async function verdictOf(folder: string): Promise<Verdict | undefined> {
  const places = auditPlaces(folder);
  return hasLog(places) ? verifyLog(logOnDisk(places), readKeys(places.keys)) : undefined;
}

async function copyPart(work: string, part: Part, { parts }: BackupPlaces, files: BackupFile[]): Promise<void> {
  const names = await filesBelow(parts[part]);
  const first = AUDIT_FIRST.filter((name) => names.includes(name));
  for (const name of part === 'audit' ? [...first, ...names.filter((each) => !first.includes(each))] : names) {
    const copied = await copyIfThere(join(parts[part], name), join(work, part, name));
    if (copied !== undefined) files.push({ path: `${part}/${name}`, ...copied });
  }
}

/** What a daemon removes meanwhile was on its way out. */
async function copyIfThere(from: string, to: string): Promise<Copied | undefined> {
  try {
    return await copyFile(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await rm(to, { force: true });
    return undefined;
  }
}

function countBad(artifacts: readonly string[], files: readonly BackupFile[]): number {
  const whole = new Set(
    files
      .filter(({ path, sha256 }) => path.startsWith('artifacts/') && basename(path) === sha256)
      .map(({ sha256 }) => sha256),
  );
  return artifacts.filter((hex) => !whole.has(hex)).length;
}

function manifestOf({ epochMs, softwareVersion }: BackupRequest, files: readonly BackupFile[]): Manifest {
  return {
    format: 'llama-orch-backup',
    version: 1,
    created_ms: epochMs,
    software_version: softwareVersion,
    files: [...files],
  };
}

async function requireEmpty(target: string): Promise<void> {
  const names = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new BackupError(`${target} cannot be used (${error.code}); name a folder that does not exist yet`);
  });
  if (names.length > 0) throw new BackupError(`${target} is not empty; name a folder that does not exist yet`);
}
