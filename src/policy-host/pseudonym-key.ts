import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'pseudonym.key';
const BYTES = 32;
const OWNER_ONLY = 0o700;
const OWNER_FILE = 0o600;

/**
 * What findings and hidden values are hashed with, under a key of each tenant that is made from it: equal texts stay
 * comparable across restarts, and nobody without the key can try texts out.
 */
export class PseudonymKey {
  constructor(readonly bytes: Uint8Array) {}
}

/** The key in the folder of keys, made on the first start. @throws Error when it is broken or cannot be kept */
export function pseudonymKeyIn(folder: string): PseudonymKey {
  mkdirSync(folder, { recursive: true, mode: OWNER_ONLY });
  const file = join(folder, FILE);
  try {
    writeFileSync(file, randomBytes(BYTES), { flag: 'wx', mode: OWNER_FILE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const bytes = readFileSync(file);
  if (bytes.length !== BYTES)
    throw new Error(
      `${FILE} among the keys in the data folder does not hold ${BYTES} bytes; put the one of the backup there, or delete it`,
    );
  return new PseudonymKey(bytes);
}
