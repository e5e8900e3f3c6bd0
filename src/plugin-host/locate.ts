import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';

/**
 * The folder of a plugin package: a path that begins with `./`, `../` or `/` names it, anything else is looked up in the
 * `node_modules` folders above each of `from`. @throws Error when it is not there
 */
export function locatePackage(specifier: string, from: readonly string[]): string {
  if (isAbsolute(specifier)) return existing(specifier, specifier);
  const [base] = from;
  if (specifier.startsWith('.')) return existing(resolve(base ?? '.', specifier), specifier);
  for (const folder of from.flatMap(foldersAbove)) {
    const candidate = join(folder, 'node_modules', specifier);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
  }
  throw new Error(`package ${specifier} is not installed; run: npm install ${specifier}`);
}

function existing(folder: string, specifier: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  throw new Error(`${specifier} holds no package.json`);
}

function foldersAbove(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...foldersAbove(parent)];
}
