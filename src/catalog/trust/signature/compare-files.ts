import { type FileDigest } from '../digest.js';
import { because, type TrustReason } from '../reasons.js';
import { THE_ONE_FILE, type SignedFiles } from './statement.js';

/** What an engine could load must be signed, whatever the signature says may be left out. */
const WEIGHTS = /\.(?:gguf|safetensors)$/i;
const MAX_NAMED = 3;

/**
 * The first thing in which a model is not what was signed; undefined when it is that and nothing else.
 *
 * @param bundlePath where the bundle lies inside the model, if it does: it cannot have signed itself
 */
export function firstDifference(
  signed: SignedFiles,
  files: readonly FileDigest[],
  bundlePath?: string,
): TrustReason | undefined {
  const digests = digestsFor(signed, files);
  const present = new Map(files.map(({ path, digest }) => [path, digest]));
  const expected = [...digests.keys()];
  const differing = expected.filter((path) => present.has(path) && present.get(path) !== digests.get(path));
  if (differing.length > 0)
    return because('signed-file-differs', `${named(differing)} not what was signed; fetch the model again`);
  const missing = expected.filter((path) => !present.has(path));
  if (missing.length > 0)
    return because('missing-signed-file', `${named(missing)} signed and missing; fetch the model again`);
  const extra = [...present.keys()].filter(
    (path) => !digests.has(path) && path !== bundlePath && !isLeftOut(path, signed.ignored),
  );
  if (extra.length === 0) return undefined;
  return because('unsigned-extra-file', `${named(extra)} not signed; remove what does not belong to the model`);
}

/** Old signers name the file of a model that is one file by a dot. */
function digestsFor({ digests }: SignedFiles, files: readonly FileDigest[]): ReadonlyMap<string, string> {
  const digest = digests.get(THE_ONE_FILE);
  const [only] = files;
  return digest === undefined || only === undefined || files.length > 1 ? digests : new Map([[only.path, digest]]);
}

function isLeftOut(path: string, ignored: readonly string[]): boolean {
  return !WEIGHTS.test(path) && ignored.some((left) => path === left || path.startsWith(`${left}/`));
}

function named(paths: readonly string[]): string {
  const shown = paths.slice(0, MAX_NAMED).map((path) => JSON.stringify(path));
  const more = paths.length > MAX_NAMED ? ` and ${paths.length - MAX_NAMED} more` : '';
  return `${shown.join(', ')}${more} ${paths.length === 1 ? 'is' : 'are'}`;
}
