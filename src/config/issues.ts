import { type z } from 'zod';
import { nearNames } from '../kernel/near-names.js';
import { type SchemaNode } from './json-schema.js';
import { isRecord, pathText, valueAt, type Path } from './path.js';
import { type ConfigProblem } from './problem.js';

/** A problem before its place in the file is known. */
export interface Finding extends Omit<ConfigProblem, 'path' | 'position' | 'source'> {
  readonly path: Path;
  /** Set when the problem is a key that the schema does not know, inside the record at `path`. */
  readonly unknownKey?: string;
}

type Issue = z.core.$ZodIssue;

/** Words for what the validator found. They never repeat a value, because it may be a secret. */
export function findingsOf(issues: readonly Issue[], data: unknown, schema: SchemaNode): Finding[] {
  return issues.flatMap((issue) => findings(issue, data, schema));
}

function findings(issue: Issue, data: unknown, schema: SchemaNode): Finding[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, schema));
  const value = valueAt(data, path);
  if (value === undefined) return [missing(path)];
  if (value === null) return [{ path, message: `${named(path)} is empty`, expected: 'a value, or no such key at all' }];
  return [{ path, ...wrongValue(issue, path, value) }];
}

function unknownKey(path: Path, key: string, schema: SchemaNode): Finding {
  const known = knownKeys(schema, path);
  const [near] = nearNames(key, known, 1);
  return {
    path,
    unknownKey: key,
    message: `unknown key "${key}" in ${named(path)}`,
    expected: known.length > 0 ? `one of ${known.join(', ')}` : 'no key here',
    ...(near === undefined ? {} : { hint: `did you mean "${near}"?` }),
  };
}

function missing(path: Path): Finding {
  const key = String(path.at(-1));
  return { path, message: `${named(path.slice(0, -1))} has no "${key}"`, expected: `the key "${key}"` };
}

function wrongValue(issue: Issue, path: Path, value: unknown): Pick<Finding, 'message' | 'expected' | 'hint'> {
  switch (issue.code) {
    case 'invalid_type':
      return { message: `${named(path)} is ${kindOf(value)}`, expected: kindName(issue.expected) };
    case 'invalid_value':
      return { message: `${named(path)} has an unknown value`, ...choice(issue.values.map(String), value) };
    case 'too_small':
      return {
        message: `${named(path)} is too small`,
        expected: `${least(issue.inclusive)} ${issue.minimum}${unit(value)}`,
      };
    case 'too_big':
      return {
        message: `${named(path)} is too large`,
        expected: `${most(issue.inclusive)} ${issue.maximum}${unit(value)}`,
      };
    case 'invalid_key':
      return { message: `${named(path)} ${issue.issues[0]?.message ?? issue.message}` };
    default:
      return { message: `${named(path)} ${issue.message}` };
  }
}

function choice(values: readonly string[], value: unknown): Pick<Finding, 'expected' | 'hint'> {
  const [near] = nearNames(String(value), values, 1);
  return {
    expected: `one of ${values.join(', ')}`,
    ...(near === undefined ? {} : { hint: `did you mean "${near}"?` }),
  };
}

const least = (inclusive: boolean | undefined) => (inclusive === false ? 'more than' : 'at least');
const most = (inclusive: boolean | undefined) => (inclusive === false ? 'less than' : 'at most');

function unit(value: unknown): string {
  if (typeof value === 'string') return ' characters';
  return Array.isArray(value) ? ' entries' : '';
}

function named(path: Path): string {
  return path.length === 0 ? 'the configuration' : pathText(path);
}

const KIND_NAMES: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function kindName(kind: string): string {
  return KIND_NAMES[kind] ?? kind;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' && !Number.isInteger(value)) return 'a fraction';
  return kindName(typeof value);
}

function knownKeys(schema: SchemaNode, path: Path): string[] {
  let node: SchemaNode | undefined = schema;
  for (const step of path) node = typeof step === 'number' ? node?.items : node?.properties?.[step];
  return isRecord(node?.properties) ? Object.keys(node.properties) : [];
}
