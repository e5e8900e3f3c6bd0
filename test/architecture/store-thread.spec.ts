import { filesIn, importsOf, type SourceFile } from './source-file.js';

const LIBRARIES = ['typeorm', 'better-sqlite3'];
const sources = new Map(filesIn(['src'], '.ts').map((file) => [file.path, file]));

/** The way on which a file loads a library of the database; undefined when it does not. */
function wayToLibrary(
  path: string,
  files: ReadonlyMap<string, SourceFile>,
  seen = new Set<string>(),
): string[] | undefined {
  seen.add(path);
  for (const { specifier, target, isTypeOnly } of importsOf(files.get(path)!)) {
    if (isTypeOnly) continue;
    if (LIBRARIES.includes(specifier)) return [path, specifier];
    const isNew = target !== undefined && files.has(target) && !seen.has(target);
    const way = isNew ? wayToLibrary(target, files, seen) : undefined;
    if (way !== undefined) return [path, ...way];
  }
  return undefined;
}

describe('the libraries of the database', () => {
  it('are loaded by the thread of the store, and never on the main thread of the daemon (ORCH-4808)', () => {
    expect(wayToLibrary('src/persistence/store/worker.ts', sources)?.at(-1)).toBeDefined();
    expect(wayToLibrary('src/main.ts', sources)).toBeUndefined();
  });

  it('are known to the room persistence alone', () => {
    const others = [...sources.values()].filter(({ path }) => !path.startsWith('src/persistence/'));
    const knowing = others.filter((file) => importsOf(file).some(({ specifier }) => LIBRARIES.includes(specifier)));
    expect(knowing.map(({ path }) => path)).toEqual([]);
  });
});
