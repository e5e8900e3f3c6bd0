import { Worker } from 'node:worker_threads';
import { ModelFilesError, type ModelFilesFault } from '../model-files-error.js';
import { hashFile, type FileToHash } from './hash-file.js';

export interface HashJob {
  readonly files: readonly FileToHash[];
  readonly allowLinks: boolean;
}

export type HashReply =
  | { readonly type: 'read'; readonly bytes: number }
  | { readonly type: 'done'; readonly digests: readonly string[] }
  | { readonly type: 'failed'; readonly fault: ModelFilesFault | undefined; readonly message: string };

export interface HashOptions {
  readonly signal?: AbortSignal;
  readonly allowLinks?: boolean;
  readonly onRead?: (bytes: number) => void;
}

/** Up to this much is hashed where it is asked for: a millisecond or two, less than a worker takes to start. */
const AT_ONCE_BYTES = 1024 * 1024;
const AT_ONCE_FILES = 32;
/** A worker starts the built file, also when the tests run the sources. */
const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? '../../../../dist/catalog/trust/hashing/hash-worker.js' : './hash-worker.js',
  import.meta.url,
);

/**
 * `sha256:<hex>` of each file, in their order. More than a little is hashed in a worker, because streams would stand still.
 *
 * @throws ModelFilesError · the reason of the signal
 */
export async function digestsOf(files: readonly FileToHash[], options: HashOptions): Promise<readonly string[]> {
  options.signal?.throwIfAborted();
  const { allowLinks = false, onRead = () => undefined } = options;
  const totalBytes = files.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  if (totalBytes <= AT_ONCE_BYTES && files.length <= AT_ONCE_FILES)
    return files.map((file) => hashFile(file, allowLinks, onRead));
  return inWorker({ files, allowLinks }, onRead, options.signal);
}

async function inWorker(job: HashJob, onRead: (bytes: number) => void, signal: AbortSignal | undefined) {
  const worker = new Worker(ENTRY, { env: {}, workerData: job, execArgv: ['--disable-warning=ExperimentalWarning'] });
  try {
    return await answerOf(worker, onRead, signal);
  } finally {
    await worker.terminate();
  }
}

function answerOf(
  worker: Worker,
  onRead: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
  const giveUp = () => reject(signal?.reason as Error);
  worker.on('message', (reply: HashReply) => {
    if (reply.type === 'read') onRead(reply.bytes);
    else if (reply.type === 'done') resolve(reply.digests);
    else reject(new ModelFilesError(reply.fault ?? 'unreadable', reply.message));
  });
  worker.once('error', (cause) =>
    reject(new ModelFilesError('unreadable', 'the files could not be hashed', { cause })),
  );
  worker.once('exit', () => reject(new ModelFilesError('unreadable', 'the worker that hashes files ended')));
  signal?.addEventListener('abort', giveUp, { once: true });
  return promise.finally(() => signal?.removeEventListener('abort', giveUp));
}
