import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { type ModelSource, partNames, type ResolvedModel, SourceError, type SourceFile } from '@llama-orch/plugin-sdk';

const MOST_FILES = 2_000;

/** Finds models where the operator keeps them; nothing is copied. */
export class FileSource implements ModelSource {
  readonly schemes = ['file'];

  constructor(private readonly root: string | undefined) {}

  async resolve(ref: string): Promise<ResolvedModel> {
    const path = await this.pathOf(ref);
    const facts = await stat(path).catch(() => undefined);
    if (facts?.isFile() !== true && facts?.isDirectory() !== true) throw missing(ref);
    const files = facts.isDirectory() ? await filesBelow(path, ref) : await partsOf(path, ref);
    return { pinnedRef: `file:${path}`, registry: 'file', files };
  }

  private async pathOf(ref: string): Promise<string> {
    const path = ref.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
    const isPlain = !path.includes('\0') && path.split(/[/\\]/).every((part) => part !== '..');
    if (!ref.startsWith('file:') || path === '' || path.startsWith('//') || !isPlain)
      throw new SourceError('malformed', `${ref} must have the form file:/path/of/the/model`);
    return isAbsolute(path) ? path : this.below(path, ref);
  }

  /** A link that leads out of the root leads nowhere. */
  private async below(path: string, ref: string): Promise<string> {
    if (this.root === undefined) throw new SourceError('malformed', `${ref} must name an absolute path`);
    const [root, real] = await Promise.all([realpath(this.root), realpath(join(this.root, path))]).catch(() => {
      throw missing(ref);
    });
    if (!real.startsWith(root + sep)) throw missing(ref);
    return real;
  }
}

/** The file, and the others that belong to it when it is one of several. */
async function partsOf(path: string, ref: string): Promise<readonly SourceFile[]> {
  const folder = dirname(path);
  return Promise.all(partNames(basename(path)).map((name) => fileAt(join(folder, name), name, ref)));
}

async function filesBelow(folder: string, ref: string): Promise<readonly SourceFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => path.split('/').every((part) => !part.startsWith('.')))
    .sort();
  if (paths.length === 0) throw new SourceError('missing', `${ref} is an empty folder`);
  if (paths.length > MOST_FILES) throw new SourceError('malformed', `${ref} holds more than ${MOST_FILES} files`);
  return Promise.all(paths.map((path) => fileAt(join(folder, path), path, ref)));
}

async function fileAt(location: string, path: string, ref: string): Promise<SourceFile> {
  const facts = await stat(location).catch(() => undefined);
  if (facts?.isFile() !== true) throw new SourceError('missing', `${path}, which belongs to ${ref}, is not there`);
  return { path, sizeBytes: facts.size, place: { type: 'local', path: location } };
}

function missing(ref: string): SourceError {
  return new SourceError('missing', `${ref} does not exist; correct the path`);
}
