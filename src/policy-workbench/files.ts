import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Json } from '@llama-orch/policy-sdk/abi';
import { UserInputError } from './user-input-error.js';

type Settings = { readonly [member: string]: Json };

/** @throws UserInputError when there is no such file */
export function readBytes(path: string, cwd: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(wholeFile(resolve(cwd, path)));
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** @throws UserInputError when there is no such file */
export function readText(path: string, cwd: string): string {
  try {
    return wholeFile(resolve(cwd, path)).toString('utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** A device or a pipe may never end. */
function wholeFile(path: string): Buffer {
  if (!statSync(path).isFile()) throw Object.assign(new Error('no file'), { code: 'not a file' });
  return readFileSync(path);
}

/** Undefined when the file is not there. */
export function readTextIfThere(path: string, cwd: string): string | undefined {
  try {
    return readFileSync(resolve(cwd, path), 'utf8');
  } catch {
    return undefined;
  }
}

/** Settings as they stand on a command line: a JSON object, or the name of a file with one. @throws UserInputError */
export function settingsOf(given: string | undefined, cwd: string): Settings | undefined {
  if (given === undefined) return undefined;
  const isInline = given.trimStart().startsWith('{');
  const value = parseJson(isInline ? given : readText(given, cwd), isInline ? 'the settings' : given);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Settings;
  throw new UserInputError('settings are a JSON object, such as {"hosts":["api.example.com"]}, or a file with one');
}

/** @throws UserInputError that names what holds no JSON */
export function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserInputError(`${name}: this is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

function unreadable(path: string, cause: unknown): UserInputError {
  const { code } = cause as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
  return new UserInputError(`${path}: ${why}`, { cause });
}
