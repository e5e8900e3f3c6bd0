import { readFileSync } from 'node:fs';
import { hashKey } from '../kernel/key-hash.js';
import { type Override } from './origins.js';
import { isRecord, mapStrings, valueAt, type Path } from './path.js';
import { type ConfigProblem } from './problem.js';
import { type Finding } from './issues.js';
import { SCOPES } from './schema.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The id of the key record that LLORCH_API_TOKEN makes. */
export const ENV_KEY_ID = 'env';
const MIN_TOKEN_CHARACTERS = 16;
const REFERENCE = /\$\{env:([^}]*)\}/g;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A variable's value, the value of the file that NAME_FILE points to, or why there is none. */
export type Looked = { readonly value: string | undefined } | { readonly problem: string };

/** Reads NAME, or the file that NAME_FILE names, without its final line break. An empty variable counts as unset. */
export function lookUp(env: Environment, name: string): Looked {
  const value = env[name] || undefined;
  const file = env[`${name}_FILE`] || undefined;
  if (value !== undefined && file !== undefined) return { problem: `${name} and ${name}_FILE are both set; set one` };
  if (file === undefined) return { value };
  try {
    return { value: readFileSync(file, 'utf8').replace(/\r?\n$/, '') || undefined };
  } catch {
    return { problem: `the file that ${name}_FILE names cannot be read` };
  }
}

/** Replaces `${env:NAME}` in every string; each name that is not set is a finding. */
export function expandReferences(data: unknown, env: Environment): { data: unknown; findings: Finding[] } {
  const findings: Finding[] = [];
  const expand = (text: string, path: Path) =>
    text.replace(REFERENCE, (reference, name: string) => {
      const looked = VARIABLE_NAME.test(name) ? lookUp(env, name) : { problem: `"${name}" is not a variable's name` };
      if ('value' in looked && looked.value !== undefined) return looked.value;
      findings.push({ path, ...unresolved(name, looked) });
      return reference;
    });
  return { data: mapStrings(data, expand), findings };
}

function unresolved(name: string, looked: Looked): Pick<Finding, 'message' | 'hint'> {
  if ('problem' in looked) return { message: looked.problem };
  return { message: `the environment variable ${name} is not set`, hint: `set ${name} or ${name}_FILE` };
}

/** The key record of LLORCH_API_TOKEN, or what is wrong with it. */
export function tokenKey(env: Environment, data: unknown): { overrides: Override[]; problems: ConfigProblem[] } {
  const looked = lookUp(env, 'LLORCH_API_TOKEN');
  if ('problem' in looked) return { overrides: [], problems: [tokenProblem(looked.problem)] };
  const { value: token } = looked;
  if (token === undefined) return { overrides: [], problems: [] };
  if (token.length < MIN_TOKEN_CHARACTERS) return { overrides: [], problems: [tokenProblem('is too short')] };
  const path = pathOfNextKey(data);
  if (path === undefined) return { overrides: [], problems: [] };
  const value = { id: ENV_KEY_ID, name: 'LLORCH_API_TOKEN', hash: hashKey(token), tenant: 'default', scopes: SCOPES };
  return { overrides: [{ path, value, origin: { type: 'env', name: 'LLORCH_API_TOKEN' } }], problems: [] };
}

function tokenProblem(message: string): ConfigProblem {
  const expected = `at least ${MIN_TOKEN_CHARACTERS} characters`;
  return {
    path: 'auth.keys',
    source: 'LLORCH_API_TOKEN',
    message,
    ...(message === 'is too short' ? { expected } : {}),
  };
}

/** Behind the keys of the file; undefined when the file has something else there, which the validator reports. */
function pathOfNextKey(data: unknown): Path | undefined {
  const auth = valueAt(data, ['auth']);
  const keys = valueAt(data, ['auth', 'keys']);
  if (auth !== undefined && !isRecord(auth)) return undefined;
  if (keys === undefined) return ['auth', 'keys', 0];
  return Array.isArray(keys) ? ['auth', 'keys', keys.length] : undefined;
}
