const MAX_PATH_BYTES = 1024;
const MAX_PARTS = 32;
/** Control characters, the separator of another system, and what is no text at all. */
const FORBIDDEN = /[\p{Cc}\\\p{Cs}]/u;

/** What is wrong with the path of a file inside a model; undefined when it stays inside and means one file alone. */
export function pathProblem(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES} bytes`;
  if (FORBIDDEN.test(path)) return 'holds a control character or a backslash';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'is absolute';
  const parts = path.split('/');
  if (parts.length > MAX_PARTS) return `has more than ${MAX_PARTS} parts`;
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return 'has an empty, "." or ".." part';
  return undefined;
}

/** The first path that another one would be on a file system that does not tell cases or forms of letters apart. */
export function collision(paths: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return paths.find((path) => {
    const folded = path.normalize('NFC').toLowerCase();
    return seen.size === seen.add(folded).size;
  });
}
