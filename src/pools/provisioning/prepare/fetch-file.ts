import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Egress, EgressFailure, type OutboundCall, type OutboundStream } from '../../../egress/egress.js';
import { AppError } from '../../../kernel/errors.js';
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

const OWNER_FILE = 0o600;
/** The largest weights over a slow line; a line that falls silent is given up long before. */
const LONGEST_MS = 24 * 3_600_000;

/**
 * Fetches a file that has to have a digest. It gets its name, and its right to be run, once it has been compared;
 * whatever goes wrong leaves nothing behind.
 * @throws ProvisioningError
 */
export async function fetchFile(request: FetchRequest, egress: Egress): Promise<void> {
  await mkdir(dirname(request.file), { recursive: true });
  const part = `${request.file}.${randomUUID()}.part`;
  try {
    const digest = await download(request, part, egress);
    if (`sha256:${digest}` !== request.checksum) throw wrongDigest(request, digest);
    await chmod(part, request.mode);
    await rename(part, request.file);
  } finally {
    await rm(part, { force: true });
  }
}

/** Writes what the address gives to a file that nobody may run; answers its SHA-256. */
async function download(request: FetchRequest, part: string, egress: Egress): Promise<string> {
  const answer = await asked(request, egress);
  const file = await open(part, 'wx', OWNER_FILE);
  try {
    const digest = await copy(answer, file, request);
    await file.sync();
    return digest;
  } finally {
    await file.close();
  }
}

type File = Awaited<ReturnType<typeof open>>;

async function copy({ body }: OutboundStream, file: File, { url, maxBytes }: FetchRequest): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      hash.update(chunk);
      await file.writeFile(chunk);
    }
  } catch (error) {
    if (!(error instanceof EgressFailure)) throw error;
    if (error.kind === 'too_large') throw tooLarge(url, maxBytes);
    throw new ProvisioningError(`the download of ${url} broke off after ${bytes} bytes (${error.message}); try again`);
  }
  return hash.digest('hex');
}

async function asked({ url, maxBytes }: FetchRequest, egress: Egress): Promise<OutboundStream> {
  const answer = await egress.stream(callFor(url, maxBytes), new AbortController().signal).catch((error: unknown) => {
    if (error instanceof EgressFailure && error.kind === 'too_large') throw tooLarge(url, maxBytes);
    if (!(error instanceof EgressFailure) && !(error instanceof AppError)) throw error;
    throw new ProvisioningError(`${url} cannot be fetched: ${error.message}`, { cause: error });
  });
  if (answer.status === 200) return answer;
  await leave(answer);
  throw new ProvisioningError(`${url} answered with status ${answer.status}; correct the url`);
}

/** The operator's configuration names the address, so it may be private; where it redirects to may not. */
function callFor(url: string, maxBytes: number): OutboundCall {
  return {
    ...{
      tool: { name: 'download', version: '1.0.0' },
      method: 'GET',
      url,
      headers: [],
      body: undefined,
      secretHeaders: [],
    },
    ...{ maxBytes, timeoutMs: LONGEST_MS, isNamedByOperator: true },
    caller: {
      ...{ actor: 'system', tenant: 'default', correlationId: randomUUID(), traceparent: null },
      ...{ sessionId: null, taskId: null, attempt: 1, labels: {} },
    },
  };
}

async function leave({ body }: OutboundStream): Promise<void> {
  for await (const _ of body) return;
}

function wrongDigest({ url, checksum }: FetchRequest, digest: string): ProvisioningError {
  return new ProvisioningError(
    `what ${url} gave is sha256:${digest}, not ${checksum}; nothing was kept: check the url, then the checksum`,
  );
}

function tooLarge(url: string, maxBytes: number): ProvisioningError {
  return new ProvisioningError(`${url} is larger than ${maxBytes} bytes, the most that is fetched here`);
}
