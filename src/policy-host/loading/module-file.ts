import { readFile, stat } from 'node:fs/promises';
import { MODULE_LIMITS } from '../limits.js';
import { digestOf } from '../module/prepare.js';
import { LoadFailure } from './load-failure.js';
import { type PolicySource } from './policy-source.js';

const SIGNATURE_BYTES = 64 * 1024;
const MIB = 1024 * 1024;

/** A module as it is on disk. */
export interface ModuleFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** `sha256:<hex>`. */
  readonly digest: string;
  /** Content of `<module>.sig`, when there is one. */
  readonly signature: string | undefined;
}

/** Reads a module and its signature. @throws LoadFailure at `read` or `size` */
export async function readModuleFile(source: PolicySource): Promise<ModuleFile> {
  const bytes = await bytesOf(source);
  return { bytes, digest: digestOf(bytes), signature: await signatureOf(source.file) };
}

/** Changes whenever the module or its signature is written or replaced. */
export async function stampOf({ file }: PolicySource): Promise<string> {
  const stamps = await Promise.all([file, `${file}.sig`].map(stampOfFile));
  return stamps.join(' ');
}

async function stampOfFile(file: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(':');
  } catch {
    return 'none';
  }
}

async function bytesOf({ file, isBuiltin }: PolicySource): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const facts = await stat(file);
    if (!facts.isFile()) throw new LoadFailure('read', 'the path names no file; name a .wasm file');
    refuseTooLarge(facts.size);
    return new Uint8Array(await readFile(file));
  } catch (error) {
    if (error instanceof LoadFailure) throw error;
    throw unreadable(error, isBuiltin);
  }
}

function refuseTooLarge(bytes: number): void {
  if (bytes <= MODULE_LIMITS.bytes) return;
  const most = MODULE_LIMITS.bytes / MIB;
  throw new LoadFailure('size', `the module has ${bytes} bytes; at most ${most} MiB are loaded, make it smaller`);
}

function unreadable(error: unknown, isBuiltin: boolean): LoadFailure {
  const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') {
    const hint = isBuiltin ? 'build llama-orch again: npm run build' : 'check its path in the configuration';
    return new LoadFailure('read', `there is no such file; ${hint}`, { cause: error });
  }
  return new LoadFailure('read', `the module cannot be read (${code}); let the daemon's user read it`, {
    cause: error,
  });
}

/** What is there and is no signature is handed on as an empty one: it is refused as that, where signatures count. */
async function signatureOf(file: string): Promise<string | undefined> {
  try {
    const path = `${file}.sig`;
    const facts = await stat(path);
    if (!facts.isFile() || facts.size > SIGNATURE_BYTES) return '';
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
