import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../architecture/source-file.js';

/** Loads one of the plain JavaScript modules of `scripts/`; the caller says what it exports. */
export async function loadScript<Exports>(name: string): Promise<Exports> {
  return (await import(pathToFileURL(join(ROOT, 'scripts', name)).href)) as Exports;
}
