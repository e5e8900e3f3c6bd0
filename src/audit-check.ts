import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { exportLog, type Exported } from './audit/export.js';
import { type ReaderKeys, publicKeyOf, type AuditKeys } from './audit/keys.js';
import { type Anchor, type Fault, type Verdict, verifyExport, verifyLog } from './audit/verify.js';
import { UsageError } from './cli/cli-errors.js';
import { type AuditAnswer, type AuditRequest } from './cli/commands/audit.js';
import { counted } from './cli/text.js';
import { dataFolder, loadConfig } from './config/index.js';
import { readKeys } from './persistence/audit/key-files.js';
import { linesForward } from './persistence/audit/line-file.js';
import { logOnDisk } from './persistence/audit/log-on-disk.js';
import { type AuditPlaces, auditPlaces, publicKeyPath } from './persistence/audit/places.js';
import { LineSink } from './persistence/audit/line-sink.js';

type Verify = Extract<AuditRequest, { readonly action: 'verify' }>;
type Export = Extract<AuditRequest, { readonly action: 'export' }>;

/**
 * Verifies or exports an audit from its files, whether or not a daemon writes it.
 * @throws ConfigError when the configuration is wrong, UsageError when flags do not fit, Error when files cannot be read
 */
export async function careForAudit(request: AuditRequest): Promise<AuditAnswer> {
  return request.action === 'verify' ? verdictAnswer(await verdictOf(request)) : exported(request);
}

function verdictOf(request: Verify): Promise<Verdict> {
  const { cwd, file, publicKey } = request;
  const anchor = anchorOf(request.anchor);
  if (file === undefined && publicKey !== undefined) throw new UsageError('--public-key goes with --file');
  if (file === undefined) return verifyPlaces(placesOf(request), anchor);
  if (publicKey === undefined)
    throw new UsageError('--file needs the --public-key that its checkpoints were signed with');
  const path = resolve(cwd, file);
  if (!existsSync(path) || !statSync(path).isFile()) throw new Error(`there is no file ${file}; give an export`);
  return verifyExport({ name: file, lines: linesForward(path) }, publicKeysOf(resolve(cwd, publicKey)), anchor);
}

/** A daemon may drop old rows while they are read: then it is looked at once more. */
async function verifyPlaces(places: AuditPlaces, anchor: Anchor | undefined): Promise<Verdict> {
  const keys = keysIn(places);
  if ('kind' in keys) return { ok: false, fault: keys };
  const files = logOnDisk(places);
  const verdict = await verifyLog(files, keys, anchor);
  const hasMoved = !verdict.ok && logOnDisk(places).cut !== files.cut;
  return hasMoved ? verifyLog(logOnDisk(places), keys, anchor) : verdict;
}

function keysIn({ keys }: AuditPlaces): AuditKeys | Fault {
  try {
    return readKeys(keys);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const what = 'a key of the audit is missing: without it no row can be verified';
    return { kind: 'key', seq: null, what, file: keys, line: null };
  }
}

function publicKeysOf(path: string): ReaderKeys {
  try {
    return { hashKey: undefined, publicKey: publicKeyOf(readFileSync(path, 'utf8')) };
  } catch (error) {
    throw new UsageError(`--public-key: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function verdictAnswer(verdict: Verdict): AuditAnswer {
  if (!verdict.ok) return { document: verdict, text: faultText(verdict.fault), ok: false };
  const { rows, first_seq, last_seq, last_hash, checkpoints, notes } = verdict;
  const lines = [
    `the audit is as it was written: ${counted(rows, 'row')}, ${first_seq} to ${last_seq}, with ${counted(checkpoints, 'checkpoint')}`,
    `anchor of the last row: ${last_seq}:${last_hash}`,
    ...notes.map((note) => `note: ${note}`),
  ];
  return { document: verdict, text: `${lines.join('\n')}\n`, ok: true };
}

function faultText({ kind, what, file, line }: Fault): string {
  const place = file === null ? '' : ` (${file}${line === null ? '' : `, line ${line}`})`;
  return `the audit is not as it was written: ${what}${place} [${kind}]\n`;
}

async function exported(request: Export): Promise<AuditAnswer> {
  const { cwd, out, sinceMs, records } = request;
  const places = placesOf(request);
  const sink = out === undefined ? request.write : new LineSink(resolve(cwd, out));
  const write = typeof sink === 'function' ? async (text: string) => sink(text) : (text: string) => sink.write(text);
  try {
    const done = await exportLog(logOnDisk(places), { sinceMs, records }, write);
    return exportAnswer(done, publicKeyPath(places), out);
  } finally {
    if (typeof sink !== 'function') await sink.close();
  }
}

function exportAnswer(done: Exported, key: string, out: string | undefined): AuditAnswer {
  const rows = done.rows === 0 ? 'no row is covered by a checkpoint yet' : `rows ${done.first_seq} to ${done.last_seq}`;
  const left = done.left_out === 0 ? '' : `; ${done.left_out} newer rows wait for their checkpoint`;
  const file = out ?? '<file>';
  const text = `${rows}${left}\nverify it with: llama-orch audit verify --file ${file} --public-key ${key}\n`;
  return { document: { ...done, file: out ?? null, public_key: key }, text, ok: true };
}

function placesOf({ cwd, dir, config }: AuditRequest): AuditPlaces {
  const places = auditPlaces(dir === undefined ? configuredFolder(config, cwd) : resolve(cwd, dir));
  if (existsSync(places.folder) || existsSync(places.keys)) return places;
  throw new Error(`there is no audit in ${dirname(places.folder)}; name the data folder of the daemon with --dir`);
}

function configuredFolder(request: AuditRequest['config'], cwd: string): string {
  const { config, source } = loadConfig(request);
  return dataFolder(
    config.storage.data_dir,
    source.type === 'file' ? dirname(source.path) : cwd,
    request.env ?? process.env,
  );
}

function anchorOf(text: string | undefined): Anchor | undefined {
  if (text === undefined) return undefined;
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined || hash === undefined) throw new UsageError('--anchor must be <number>:<64 hex digits>');
  return { seq: Number(seq), hash };
}
