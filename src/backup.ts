import { dirname, resolve } from 'node:path';
import { type BackupAnswer, type BackupCareRequest } from './cli/commands/backup.js';
import { counted } from './cli/text.js';
import { loadConfig } from './config/index.js';
import { SystemClock } from './kernel/clock.js';
import { SOFTWARE_VERSION } from './kernel/version.js';
import { backUp } from './persistence/backup/back-up.js';
import { type Manifest } from './persistence/backup/manifest.js';
import { type BackupPlaces, backupPlaces } from './persistence/backup/places.js';
import { restore } from './persistence/backup/restore.js';
import { snapshotPath } from './persistence/backup/snapshots.js';

type Backup = Extract<BackupCareRequest, { readonly action: 'backup' }>;
type Restore = Extract<BackupCareRequest, { readonly action: 'restore' }>;

/**
 * Makes a backup, or puts one in the place of a data folder.
 * @throws ConfigError when the configuration is wrong, BackupError when nothing was done
 */
export async function careForBackups(request: BackupCareRequest): Promise<BackupAnswer> {
  return request.action === 'backup' ? backedUp(request) : restored(request);
}

async function backedUp(request: Backup): Promise<BackupAnswer> {
  const { cwd, folder, snapshot } = request;
  const places = placesOf(request);
  const target = resolve(cwd, folder);
  const { manifest, source, audit, badArtifacts } = await backUp({
    ...{ places, target, epochMs: new SystemClock().epochMs(), softwareVersion: SOFTWARE_VERSION },
    askDaemon: async () => snapshotPath(places.data, await snapshot()),
  });
  const isGood = badArtifacts === 0 && audit?.ok !== false;
  const document = {
    folder: target,
    source,
    ...totalsOf(manifest),
    audit_ok: audit?.ok ?? null,
    bad_artifacts: badArtifacts,
  };
  const faults = [
    ...(badArtifacts === 0 ? [] : [`${counted(badArtifacts, 'artifact')} had no content, or not what the name says\n`]),
    ...(audit?.ok === false ? [`the audit is not as it was written: ${audit.fault.what}\n`] : []),
  ];
  const text = `backed up to ${target}: ${words(manifest)}\n${faults.join('')}`;
  return { document, text, ok: isGood };
}

async function restored(request: Restore): Promise<BackupAnswer> {
  const { cwd, folder, force } = request;
  const places = placesOf(request);
  const backup = resolve(cwd, folder);
  const { manifest, audit, movedAside } = await restore({
    places,
    backup,
    force,
    epochMs: new SystemClock().epochMs(),
  });
  const document = {
    data_dir: places.data,
    ...totalsOf(manifest),
    audit_ok: audit?.ok ?? null,
    moved_aside: movedAside,
  };
  const aside = movedAside.map((path) => `what was there is now ${path}\n`).join('');
  return { document, text: `restored ${places.data}: ${words(manifest)}\n${aside}`, ok: true };
}

function placesOf({ config, cwd }: BackupCareRequest): BackupPlaces {
  const loaded = loadConfig(config);
  const baseFolder = loaded.source.type === 'file' ? dirname(loaded.source.path) : cwd;
  return backupPlaces(loaded.config, baseFolder, config.env ?? process.env);
}

function totalsOf({ files, created_ms, software_version }: Manifest) {
  const size_bytes = files.reduce((sum, file) => sum + file.size_bytes, 0);
  return { created_ms, software_version, files: files.length, size_bytes };
}

function words(manifest: Manifest): string {
  const { files, size_bytes: size, created_ms: createdMs } = totalsOf(manifest);
  return `${counted(files, 'file')}, ${(size / 1e6).toFixed(1)} MB, of ${new Date(createdMs).toISOString()}, every hash verified`;
}
