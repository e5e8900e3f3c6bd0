import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { isFetchable } from '../../../config/index.js';
import { guardedLookup, mayGoTo } from './address-guard.js';
import { ProvisioningError } from './provisioning-error.js';

export interface FetchRequest {
  readonly url: string;
  /** `sha256:<hex>` of the whole file. */
  readonly checksum: string;
  readonly file: string;
  /** Rights of the file once it is what was expected. */
  readonly mode: number;
  readonly maxBytes: number;
}

const MOST_REDIRECTS = 5;
const SILENCE_MS = 60_000;
const OWNER_FILE = 0o600;
const REDIRECTS: readonly unknown[] = [301, 302, 303, 307, 308];

/**
 * Fetches a file that has to have a digest. It gets its name, and its right to be run, once it has been compared;
 * whatever goes wrong leaves nothing behind.
 * @throws ProvisioningError
 */
export async function fetchFile(request: FetchRequest): Promise<void> {
  await mkdir(dirname(request.file), { recursive: true });
  const part = `${request.file}.${randomUUID()}.part`;
  try {
    const digest = await download(request, part);
    if (`sha256:${digest}` !== request.checksum) throw wrongDigest(request, digest);
    await chmod(part, request.mode);
    await rename(part, request.file);
  } finally {
    await rm(part, { force: true });
  }
}

/** Writes what the address gives to a file that nobody may run; answers its SHA-256. */
async function download({ url, maxBytes }: FetchRequest, part: string): Promise<string> {
  const response = await requestFollowing(url);
  const announced = Number(response.headers['content-length'] ?? 0);
  if (announced > maxBytes) {
    response.destroy();
    throw tooLarge(url, maxBytes);
  }
  const file = await open(part, 'wx', OWNER_FILE);
  try {
    const digest = await copy(response, file, url, maxBytes);
    await file.sync();
    return digest;
  } finally {
    response.destroy();
    await file.close();
  }
}

type File = Awaited<ReturnType<typeof open>>;

async function copy(response: IncomingMessage, file: File, url: string, maxBytes: number): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(url, maxBytes);
      hash.update(chunk);
      await file.writeFile(chunk);
    }
  } catch (error) {
    if (error instanceof ProvisioningError) throw error;
    throw new ProvisioningError(`the download of ${url} broke off after ${bytes} bytes (${codeOf(error)}); try again`);
  }
  return hash.digest('hex');
}

/** Each redirect is looked at as the first address was; the host of the operator's alone may be private. */
async function requestFollowing(url: string): Promise<IncomingMessage> {
  const named = new URL(url).host;
  let next = url;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const response = await requestOnce(next, new URL(next).host === named);
    if (response.statusCode === 200) return response;
    response.destroy();
    const { location } = response.headers;
    if (!REDIRECTS.includes(response.statusCode) || location === undefined)
      throw new ProvisioningError(`${next} answered with status ${response.statusCode}; correct the url`);
    next = redirected(location, next);
  }
  throw new ProvisioningError(`${url} redirects more than ${MOST_REDIRECTS} times; name the last address`);
}

function redirected(location: string, from: string): string {
  const to = URL.parse(location, from)?.href;
  const isDowngrade = from.startsWith('https:') && !to?.startsWith('https:');
  if (to === undefined || isDowngrade || !isFetchable(to))
    throw new ProvisioningError(`${from} redirects to an address that is not https://; name another url`);
  return to;
}

function requestOnce(url: string, isNamedHost: boolean): Promise<IncomingMessage> {
  const { protocol, hostname } = new URL(url);
  const literal = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(notReached(url, error));
    if (isIP(literal) !== 0 && !mayGoTo(literal, isNamedHost))
      return fail(new Error(`${literal} is an address that downloads may not go to`));
    const get = protocol === 'https:' ? getHttps : getHttp;
    const headers = { 'user-agent': 'llama-orch', 'accept-encoding': 'identity' };
    const request = get(url, { headers, lookup: guardedLookup(isNamedHost), agent: false }, resolve);
    request.setTimeout(SILENCE_MS, () => request.destroy(new Error(`silent for ${SILENCE_MS} ms`)));
    request.on('error', fail);
  });
}

function notReached(url: string, error: Error): ProvisioningError {
  return new ProvisioningError(`${url} cannot be fetched: ${error.message}`);
}

function wrongDigest({ url, checksum }: FetchRequest, digest: string): ProvisioningError {
  return new ProvisioningError(
    `what ${url} gave is sha256:${digest}, not ${checksum}; nothing was kept: check the url, then the checksum`,
  );
}

function tooLarge(url: string, maxBytes: number): ProvisioningError {
  return new ProvisioningError(`${url} is larger than ${maxBytes} bytes, the most that is fetched here`);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error));
}
