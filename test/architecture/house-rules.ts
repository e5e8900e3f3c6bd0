import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { APPLICATION, roomOf } from './floors.js';
import { importsOf, parse, type SourceFile } from './source-file.js';

const LINE_CAP = 400;
const CLOCKS = new Set(['Date.now', 'performance.now', 'Math.random']);
/** The kernel holds the ports; the command line is a program of its own, beside the daemon. */
const READ_TIME = new Set(['kernel', 'cli']);

/** Places of `src/` outside the kernel that read time or chance by themselves. */
export function clockReads(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith('src/') && !READ_TIME.has(roomOf(path) ?? ''))
    .flatMap((file) => propertyReads(file).map((what) => `${file.path} reads ${what}; take it from the kernel's port`));
}

function propertyReads(file: SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && CLOCKS.has(node.getText())) found.push(node.getText());
    ts.forEachChild(node, visit);
  };
  visit(parse(file));
  return found;
}

/** Files that know Nest although they decide: only modules, the wire surface and the application itself may. */
export function nestOutOfPlace(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith('src/') && !mayKnowNest(path))
    .flatMap((file) => importsOf(file).map(({ specifier }) => ({ file, specifier })))
    .filter(({ specifier }) => specifier.startsWith('@nestjs/'))
    .map(
      ({ file, specifier }) =>
        `${file.path} imports ${specifier}: only *.module.ts, http/ and the files directly in src/ know Nest`,
    );
}

function mayKnowNest(path: string): boolean {
  return path.endsWith('.module.ts') || ['http', APPLICATION].includes(roomOf(path) ?? '');
}

/** Files that nobody reads in one sitting. */
export function overlong(files: readonly SourceFile[]): string[] {
  return files
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > LINE_CAP)
    .map(({ path, lines }) => `${path} has ${lines} lines; the cap is ${LINE_CAP}`);
}

const FORBIDDEN: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/\b(?:TO[D]O|FIX[M]E|XX[X])\b/, 'unfinished work is finished, or not there'],
  [/not implemente[d]/i, 'what is not there is not offered'],
  [/forward[R]ef\(|@ts-ignor[e]|\bas an[y]\s*[;,)\]}]/, 'the compiler and the floors are not talked round'],
  [/\b(?:it|test|describe)\.(?:onl[y]|ski[p])\(/, 'every test runs'],
  [/\/(?:wor[k]|far[m])\/[a-z]/, 'no paths of one machine'],
  [/registr[y]\.npmjs\.org|registr[y]\.yarnpkg\.com|verdacci[o]/, 'no host of a registry'],
];

/** Words that the repository does not contain. */
export function forbiddenWords(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    FORBIDDEN.flatMap(([pattern, why]) => {
      const match = pattern.exec(text);
      if (match === null) return [];
      const line = text.slice(0, match.index).split('\n').length;
      return [`${path}:${line} says "${match[0]}": ${why}`];
    }),
  );
}

/** Addresses in the lock file; they would tie an install to one registry. */
export function lockedAddresses(lockFile: string): string[] {
  const { packages } = JSON.parse(readFileSync(lockFile, 'utf8')) as {
    packages: Record<string, { resolved?: string }>;
  };
  return Object.entries(packages)
    .filter(([, { resolved }]) => resolved !== undefined && /^[a-z+]+:\/\//.test(resolved))
    .map(([name, { resolved }]) => `${name} is bound to ${resolved}`);
}
