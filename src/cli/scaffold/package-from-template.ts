import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../cli-errors.js';

/** The templates are packages by this name. */
const TEMPLATE_NAME = 'acme';

/** A package to be made from a template. */
export interface PackagePlan {
  /** Takes the place of the template's name. */
  readonly name: string;
  /** Folder that is copied. */
  readonly template: string;
  /** Packages that are linked into it, so that it works at once: name and folder. */
  readonly links: readonly { readonly name: string; readonly folder: string }[];
  /** Members over those of the template's package.json. */
  readonly manifest: (version: (folder: string) => string) => object;
}

/** Makes the package and answers its files. @throws UsageError when the folder is there already */
export function makePackage(plan: PackagePlan, folder: string): string[] {
  mkdirSync(dirname(folder), { recursive: true });
  makeFolder(folder);
  try {
    fill(folder, plan);
    return filesIn(folder);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A path as a shell takes it. */
export function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new UsageError(`${folder} is there already; choose another place with --dir, or another name`);
  }
}

function fill(folder: string, { name, template, links, manifest }: PackagePlan): void {
  cpSync(template, folder, { recursive: true });
  for (const file of filesIn(folder)) rename(join(folder, file), name);
  const path = join(folder, 'package.json');
  writeFileSync(path, `${JSON.stringify(merged(readJson(path), manifest(versionOf)), null, 2)}\n`);
  for (const link of links) linkInto(folder, link);
}

/** Members over members; lists of packages are put together. */
function merged(own: object, over: object): object {
  const both = { ...own, ...over } as Record<string, unknown>;
  const { devDependencies } = own as { readonly devDependencies?: object };
  return devDependencies === undefined
    ? both
    : { ...both, devDependencies: { ...devDependencies, ...(both['devDependencies'] as object) } };
}

function linkInto(folder: string, { name, folder: target }: PackagePlan['links'][number]): void {
  const link = join(folder, 'node_modules', name);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(target, link, 'junction');
}

function rename(file: string, name: string): void {
  const text = readFileSync(file, 'utf8');
  const variable = name.toUpperCase().replaceAll('-', '_');
  writeFileSync(file, text.replaceAll(TEMPLATE_NAME, name).replaceAll(TEMPLATE_NAME.toUpperCase(), variable));
}

function versionOf(folder: string): string {
  return (readJson(join(folder, 'package.json')) as { version: string }).version;
}

function readJson(file: string): object {
  return JSON.parse(readFileSync(file, 'utf8')) as object;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.startsWith('node_modules') && statSync(join(folder, path)).isFile())
    .sort();
}
