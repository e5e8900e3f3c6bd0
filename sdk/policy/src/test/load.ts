import { pathToFileURL } from 'node:url';
import { runnableBundle } from '../build/bundle.js';
import { type Policy } from '../define-policy.js';

/**
 * The policy of a file, as ordinary TypeScript. Node runs most sources as they are; those that it cannot link by itself,
 * such as imports of `./settings.js` where the file is settings.ts, are bundled for it.
 * @throws PolicyBuildError with file and line, Error when the policy cannot be defined
 */
export async function loadPolicy(entry: string): Promise<Policy> {
  try {
    return policyIn(await import(pathToFileURL(entry).href), entry);
  } catch (error) {
    const isNotLinked = error instanceof SyntaxError || NOT_LINKED.includes((error as NodeJS.ErrnoException).code);
    if (!isNotLinked) throw error;
    return bundledPolicy(entry);
  }
}

/** The same as the file is now, however often it was loaded before; debuggers find its lines by a map. */
export async function bundledPolicy(entry: string): Promise<Policy> {
  const script = Buffer.from(await runnableBundle(entry)).toString('base64');
  return policyIn(await import(`data:text/javascript;base64,${script}`), entry);
}

/** What Node says of sources that it cannot link: not of what they do when they run. */
const NOT_LINKED: readonly unknown[] = [
  'ERR_MODULE_NOT_FOUND',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
  'ERR_INVALID_TYPESCRIPT_SYNTAX',
  'ERR_IMPORT_ATTRIBUTE_MISSING',
];

function policyIn(module: unknown, entry: string): Policy {
  const { default: found } = module as { default?: unknown };
  if (found !== undefined && typeof (found as Policy).decide === 'function') return found as Policy;
  throw new Error(`${entry} has no policy as its default export; write: export default definePolicy({ … })`);
}
