import { opendir, lstat, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Manifest } from '../entry.js';
import { inOrder } from './digest.js';
import { digestsOf } from './hashing/file-digests.js';
import { ModelFilesError } from './model-files-error.js';
import { collision, pathProblem } from './model-path.js';

export interface ModelFilesOptions {
  /** Ends the reading; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** true: a link to a regular file counts as that file. Links to folders never do. Default: links are refused. */
  readonly allowLinks?: boolean;
  /** Paths that do not belong to the model, such as its signature; of a folder, all that is below. */
  readonly leaveOut?: readonly string[];
  /** Files and folders. Default: 20 000. */
  readonly maxEntries?: number;
  /** Of all files together. Default: 4 TiB. */
  readonly maxBytes?: number;
  /** Bytes that were read since the last call. */
  readonly onRead?: (bytes: number) => void;
}

const MAX_ENTRIES = 20_000;
const MAX_BYTES = 4 * 1024 ** 4;

/** A file of a model, before it is read. */
interface Found {
  readonly path: string;
  readonly location: string;
  readonly sizeBytes: number;
}

/**
 * Reads a model, one file or a folder with all that is below it: a row for each regular file, sorted by path. No file is
 * held in memory, and large ones are hashed in a worker. A single file has its name for a path.
 *
 * @throws ModelFilesError when it is no model that can be trusted with its paths, or changes while it is read
 */
export async function modelFiles(location: string, options: ModelFilesOptions = {}): Promise<readonly Manifest[]> {
  const found = await findFiles(location, options);
  refuseCollisions(found);
  const digests = await digestsOf(found, options);
  return inOrder(found.map(({ path, sizeBytes }, at) => ({ path, sizeBytes, digest: digests[at] as string })));
}

async function findFiles(location: string, options: ModelFilesOptions): Promise<readonly Found[]> {
  const root = await kindOf(location, basename(location), options);
  if (root.type === 'file') return [{ path: basename(location), location, sizeBytes: root.sizeBytes }];
  const found: Found[] = [];
  const walk: Walk = { options, leftOut: new Set(options.leaveOut), limits: new Limits(options) };
  for await (const file of filesBelow(location, '', walk)) found.push(file);
  if (found.length === 0) throw new ModelFilesError('empty', 'the folder holds no file');
  return found;
}

interface Walk {
  readonly options: ModelFilesOptions;
  readonly leftOut: ReadonlySet<string>;
  readonly limits: Limits;
}

async function* filesBelow(folder: string, prefix: string, walk: Walk): AsyncGenerator<Found> {
  for await (const { name } of await opened(folder, prefix)) {
    walk.options.signal?.throwIfAborted();
    const path = `${prefix}${name}`;
    if (walk.leftOut.has(path)) continue;
    refuseOddPath(path);
    const location = join(folder, name);
    const kind = await kindOf(location, path, walk.options);
    walk.limits.count(kind);
    if (kind.type === 'file') yield { path, location, sizeBytes: kind.sizeBytes };
    else yield* filesBelow(location, `${path}/`, walk);
  }
}

type Kind = { readonly type: 'file'; readonly sizeBytes: number } | { readonly type: 'folder' };

async function kindOf(location: string, path: string, { allowLinks }: ModelFilesOptions): Promise<Kind> {
  const facts = await reading(path, lstat(location));
  const target = facts.isSymbolicLink() && allowLinks ? await reading(path, stat(location)) : facts;
  if (target.isFile()) return { type: 'file', sizeBytes: target.size };
  if (facts.isDirectory()) return { type: 'folder' };
  if (facts.isSymbolicLink()) throw new ModelFilesError('link', `${shown(path)} is a link; put the file itself there`);
  throw new ModelFilesError('special-file', `${shown(path)} is neither a file nor a folder; remove it`);
}

/** What a file system calls an error names the path of the host, so it is left out. */
async function reading<Value>(path: string, promise: Promise<Value>): Promise<Value> {
  try {
    return await promise;
  } catch (cause) {
    throw ModelFilesError.reading(shown(path), cause);
  }
}

const opened = (folder: string, prefix: string) => reading(prefix === '' ? 'the folder' : prefix, opendir(folder));

function refuseOddPath(path: string): void {
  const problem = pathProblem(path);
  if (problem !== undefined) throw new ModelFilesError('path', `the path ${shown(path)} ${problem}; rename the file`);
}

function refuseCollisions(found: readonly Found[]): void {
  const path = collision(found.map((file) => file.path));
  if (path === undefined) return;
  throw new ModelFilesError('collision', `${shown(path)} differs from another file by case alone; rename one`);
}

/** Counts while the folder is walked, so that an endless one is left early. */
class Limits {
  private entries = 0;
  private bytes = 0;
  private readonly maxEntries: number;
  private readonly maxBytes: number;

  constructor({ maxEntries = MAX_ENTRIES, maxBytes = MAX_BYTES }: ModelFilesOptions) {
    this.maxEntries = maxEntries;
    this.maxBytes = maxBytes;
  }

  count(kind: Kind): void {
    this.entries += 1;
    this.bytes += kind.type === 'file' ? kind.sizeBytes : 0;
    if (this.entries > this.maxEntries)
      throw new ModelFilesError('too-many', `it has more than ${this.maxEntries} files and folders`);
    if (this.bytes > this.maxBytes) throw new ModelFilesError('too-large', `it has more than ${this.maxBytes} bytes`);
  }
}

/** A path for a message: quoted, so that no control character gets through, and cut. */
function shown(path: string): string {
  return JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path);
}
