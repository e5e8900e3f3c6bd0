import { chmodSync, closeSync, fsyncSync, lstatSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditKeys, keysOf, newKeyTexts, publicPem } from '../../audit/keys.js';
import { StoreError } from '../store-error.js';

const HASH_KEY = 'audit-hash.key';
const SIGNING_KEY = 'audit-signing.pem';
/** For whoever verifies an export. */
export const PUBLIC_KEY = 'audit-public.pem';

const OWNER_FILE = 0o600;
const OTHERS = 0o077;

/** The keys of the log, made on the first start. @throws StoreError when they are gone, broken, or open to others */
export function openKeys(folder: string, hasLog: boolean): AuditKeys {
  const found = [HASH_KEY, SIGNING_KEY].filter((name) => exists(join(folder, name)));
  if (found.length === 0 && !hasLog) makeKeys(folder);
  else if (found.length < 2) throw missing(folder, hasLog);
  const keys = readKeys(folder);
  writeFileSync(join(folder, PUBLIC_KEY), publicPem(keys.publicKey), { mode: OWNER_FILE });
  return keys;
}

export function hasKeys(folder: string): boolean {
  return [HASH_KEY, SIGNING_KEY].some((name) => exists(join(folder, name)));
}

/** @throws StoreError when a key is broken or open to others; Error with code ENOENT when it is not there */
export function readKeys(folder: string): AuditKeys {
  const texts = {
    hashKey: readPrivate(join(folder, HASH_KEY)),
    signingKey: readPrivate(join(folder, SIGNING_KEY)),
  };
  try {
    return keysOf(texts);
  } catch (error) {
    const hint = 'put the one of the backup in its place';
    throw new StoreError('damaged', `a key of the audit in ${folder} is broken; ${hint}`, error);
  }
}

/** The signing key comes last: whoever finds one key alone knows that the making was cut off or the other was taken. */
function makeKeys(folder: string): void {
  const { hashKey, signingKey } = newKeyTexts();
  writePrivate(join(folder, HASH_KEY), hashKey);
  writePrivate(join(folder, SIGNING_KEY), signingKey);
}

function missing(folder: string, hasLog: boolean): StoreError {
  const hint = hasLog
    ? 'put them back from the backup, or move the folder audit away to begin a new log'
    : `remove what is left of them there, and they are made anew`;
  return new StoreError('damaged', `keys of the audit are missing in ${folder}; ${hint}`);
}

function readPrivate(path: string): string {
  const { mode } = lstatSync(path);
  if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
    throw new StoreError('unusable', `the key ${path} is open to other users; take their rights: chmod 600 ${path}`);
  }
  return readFileSync(path, 'utf8');
}

function writePrivate(path: string, text: string): void {
  const draft = `${path}.new`;
  writeFileSync(draft, text, { mode: OWNER_FILE });
  chmodSync(draft, OWNER_FILE);
  const file = openSync(draft, 'r');
  fsyncSync(file);
  closeSync(file);
  renameSync(draft, path);
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
