import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UsageError } from '../cli-errors.js';

const SDK = '@llama-orch/plugin-sdk';
/** The template is a package by this name. */
const NAME = 'acme';

/**
 * Makes the package of a new engine adapter, with the SDK of this llama-orch linked into it, so that its test runs at once.
 * Answers its files. @throws UsageError when the folder is there already
 */
export function makeEnginePackage(name: string, folder: string): string[] {
  mkdirSync(dirname(folder), { recursive: true });
  makeFolder(folder);
  try {
    fill(folder, name);
    return filesIn(folder);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new UsageError(`${folder} is there already; choose another place with --dir, or another name`);
  }
}

function fill(folder: string, name: string): void {
  const sdk = sdkFolder();
  cpSync(join(sdk, 'templates', 'engine'), folder, { recursive: true });
  for (const file of filesIn(folder)) rename(join(folder, file), name);
  nameSdk(join(folder, 'package.json'), sdk);
  const link = join(folder, 'node_modules', SDK);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(sdk, link, 'junction');
}

function sdkFolder(): string {
  return dirname(dirname(createRequire(import.meta.url).resolve(SDK)));
}

function rename(file: string, name: string): void {
  const text = readFileSync(file, 'utf8');
  const variable = name.toUpperCase().replaceAll('-', '_');
  writeFileSync(file, text.replaceAll(NAME, name).replaceAll(NAME.toUpperCase(), variable));
}

/** Hosts bring the SDK along; for work on the adapter, `npm install` finds it where it is. */
function nameSdk(file: string, sdk: string): void {
  const { version } = readJson(join(sdk, 'package.json')) as { version: string };
  const needs = { peerDependencies: { [SDK]: `^${version}` }, devDependencies: { [SDK]: `file:${sdk}` } };
  writeFileSync(file, `${JSON.stringify({ ...readJson(file), ...needs }, null, 2)}\n`);
}

function readJson(file: string): object {
  return JSON.parse(readFileSync(file, 'utf8')) as object;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.startsWith('node_modules') && statSync(join(folder, path)).isFile())
    .sort();
}
