import { existsSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { inspectModule, type MeteredFacts, type ModuleFacts } from '../policy-host/module/inspect.js';
import { prepareModule } from '../policy-host/module/prepare.js';
import { generateKeys, readKeyring, signModule, verifyModule } from '../policy-host/module/signature.js';
import { appendSigned, checkLog } from '../policy-host/module/signed-log.js';
import { type Desk, type Outcome } from './desk.js';
import { readBytes, readText, readTextIfThere } from './files.js';
import { UserInputError } from './user-input-error.js';

const OWNER_FILE = 0o600;

/** Makes a key pair; neither file may be there. */
export function makeKeys({ out }: { readonly out: string }, { cwd }: Desk): Outcome {
  const path = resolve(cwd, out);
  const publicPath = `${path}.pub`;
  const taken = [path, publicPath].find((file) => existsSync(file));
  if (taken !== undefined) throw new UserInputError(`${taken} is there already; a key is never replaced`);
  const { privateKey, publicKey, keyId } = generateKeys();
  if (!existsSync(dirname(path))) throw new UserInputError(`${dirname(path)}: there is no such folder`);
  writeFileSync(path, privateKey, { mode: OWNER_FILE, flag: 'wx' });
  writeFileSync(publicPath, publicKey, { flag: 'wx' });
  const text = `key ${keyId}\n  private  ${path} (keep it to yourself)\n  public   ${publicPath} (name it in policy.trusted_keys)\n`;
  return { document: { key_id: keyId, private: path, public: publicPath }, text, ok: true };
}

interface SignJob {
  readonly module: string;
  readonly key: string;
  readonly log: string | undefined;
}

/** Signs a module that could be loaded. @param now Unix ms of the signature */
export function sign({ module, key, log }: SignJob, { cwd }: Desk, now: number): Outcome {
  const bytes = readBytes(module, cwd);
  const { manifest, digest } = about(module, () => prepareModule(bytes));
  const file = about(key, () => signModule(bytes, readText(key, cwd), new Date(now).toISOString()));
  const path = `${resolve(cwd, module)}.sig`;
  // The log first: what is signed stands in it, whatever happens next.
  const line = log === undefined ? undefined : appendSigned(resolve(cwd, log), manifest, file);
  writeFileSync(path, `${JSON.stringify(file, null, 2)}\n`);
  const logged = line === undefined ? '' : `, entry ${line.seq} of the log`;
  const text = `${manifest.name} ${manifest.version} (${digest}) is signed with ${file.key_id}: ${path}${logged}\n`;
  return { document: { ...file, path, log_seq: line?.seq ?? null }, text, ok: true };
}

/** Says which file it is about that something is wrong. */
function about<Value>(path: string, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    if (error instanceof UserInputError) throw error;
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

interface VerifyJob {
  readonly module: string;
  readonly keys: readonly string[];
  readonly log: string | undefined;
}

/** @throws PolicyError that says what is wrong with the signature */
export function verify({ module, keys, log }: VerifyJob, { cwd }: Desk): Outcome {
  const bytes = readBytes(module, cwd);
  const trusted = keys.flatMap((path) => keyring(path, cwd));
  const signer = about(module, () => verifyModule(bytes, readTextIfThere(`${module}.sig`, cwd), trusted));
  const { digest } = inspectModule(bytes);
  const seq = log === undefined ? undefined : entryIn(resolve(cwd, log), digest, signer.keyId);
  const at = signer.signedAt === undefined ? '' : ` at ${signer.signedAt}`;
  const text = `${digest} was signed with ${signer.keyId}${at}${seq === undefined ? '' : `, entry ${seq} of the log`}\n`;
  return {
    document: { digest, key_id: signer.keyId, signed_at: signer.signedAt ?? null, log_seq: seq ?? null },
    text,
    ok: true,
  };
}

function keyring(path: string, cwd: string): string[] {
  const found = readKeyring(readText(path, cwd));
  if (found.length === 0) throw new UserInputError(`${path} holds no public key in PEM`);
  return found;
}

/** @throws Error when the log does not hold, or does not name the signature */
function entryIn(path: string, digest: string, keyId: string): number {
  if (!existsSync(path)) throw new UserInputError(`${path}: there is no such log`);
  const { lines, problem } = checkLog(path);
  if (problem !== undefined) throw new Error(`the log does not hold: ${problem}`);
  const entry = lines.find((line) => line.digest === digest && line.key_id === keyId);
  if (entry === undefined) throw new Error(`the log does not name ${digest} with the key ${keyId}`);
  return entry.seq;
}

/** What a module is; not ok when it could not be loaded. */
export function inspect({ module }: { readonly module: string }, { cwd }: Desk): Outcome {
  const found = inspectModule(readBytes(module, cwd));
  return { document: documentOf(found), text: textOf(found), ok: found.problems.length === 0 };
}

function documentOf({ digest, bytes, gzipBytes, problems, contents }: ModuleFacts): object {
  const facts = { digest, bytes, gzip_bytes: gzipBytes, problems };
  if (contents === undefined) return { ...facts, contents: null };
  const { neededAbi, customSections, metered, memory, manifest, imports, ...rest } = contents;
  return {
    ...facts,
    contents: {
      ...rest,
      imports: imports.map(({ isOffered, ...one }) => ({ ...one, offered: isOffered })),
      needed_abi: neededAbi,
      custom_sections: customSections,
      memory: memory ?? null,
      metered: metered === undefined ? null : meteredDocument(metered),
      manifest: manifest ?? null,
    },
  };
}

function meteredDocument({ bytes, sites, needsFreshInstance, savedGlobals }: MeteredFacts): object {
  return { bytes, sites, needs_fresh_instance: needsFreshInstance, saved_globals: savedGlobals };
}

function textOf({ digest, bytes, gzipBytes, problems, contents }: ModuleFacts): string {
  const lines = [`digest    ${digest}`, `size      ${bytes} bytes, ${gzipBytes} as gzip`];
  if (contents !== undefined) {
    const { manifest, imports, memory, metered } = contents;
    if (manifest !== undefined)
      lines.push(`policy    ${manifest.name} ${manifest.version}, ABI ${manifest.abi}, ${manifest.hooks.join(', ')}`);
    lines.push(`language  ${contents.language}`);
    lines.push(
      `memory    ${memory === undefined ? 'none' : `${memory.minimum} pages, at most ${memory.maximum ?? 'no limit'}`}`,
    );
    lines.push(
      `functions ${contents.functions}${metered === undefined ? '' : `, ${metered.sites} places where fuel is counted`}`,
    );
    lines.push(`imports   ${imports.length === 0 ? 'none' : ''}`.trimEnd());
    for (const { module, name, isOffered } of imports)
      lines.push(`  ${module} ${name}${isOffered ? '' : '  (refused)'}`);
    if (manifest !== undefined) lines.push(`tests     ${manifest.tests.length}`);
  }
  for (const { code, message } of problems) lines.push(`problem   ${code}: ${message}`);
  return `${lines.join('\n')}\n`;
}
