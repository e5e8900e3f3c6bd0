import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { PolicyBuildError } from '../build-error.js';

const run = promisify(execFile);
const OUTPUT_BYTES = 1024 * 1024;

/** The first program that runs and says what it has to. */
export async function firstThatRuns(
  names: readonly string[],
  flags: readonly string[],
  says: RegExp,
): Promise<string | undefined> {
  for (const name of names) {
    const said = await run(name, flags, { maxBuffer: OUTPUT_BYTES }).then(
      ({ stdout }) => stdout,
      () => '',
    );
    if (says.test(said)) return name;
  }
  return undefined;
}

/** @throws PolicyBuildError with what the program says */
export async function runTool(program: string, flags: readonly string[]): Promise<void> {
  try {
    await run(program, flags, { maxBuffer: OUTPUT_BYTES });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new PolicyBuildError(stderr?.trim() || (error as Error).message);
  }
}

/** A package of the policy's folder, or one beside this SDK. @throws PolicyBuildError that says how to install it */
export async function importFrom(folder: string, name: string): Promise<unknown> {
  for (const base of [join(folder, 'package.json'), import.meta.url]) {
    const file = resolved(name, base);
    if (file !== undefined) return import(pathToFileURL(file).href);
  }
  throw new PolicyBuildError(
    `${name} is not there; run npm install in ${basename(folder)}, or name it in devDependencies`,
  );
}

function resolved(name: string, base: string): string | undefined {
  try {
    return createRequire(base).resolve(name);
  } catch {
    return undefined;
  }
}
