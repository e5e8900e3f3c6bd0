import { createHash } from 'node:crypto';
import { z } from 'zod';
import { boundedJson } from '../bounded-json.js';
import { pathProblem } from '../model-path.js';
import { Distrust } from '../reasons.js';
import { PAYLOAD_TYPE } from './envelope.js';

/** The files that somebody signed. */
export interface SignedFiles {
  /** `sha256:<hex>` by path. */
  readonly digests: ReadonlyMap<string, string>;
  /** Paths that were left out on purpose; of a folder, all that is below. */
  readonly ignored: readonly string[];
}

const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const PREDICATE_TYPE = 'https://model_signing/signature/v1.0';
/** Version 0.2 of the reference tool wrote the files as subjects. */
const OLD_PREDICATE_TYPE = 'https://model_signing/Digests/v0.1';
/** What every signer leaves out, at the top of the model alone. */
const ALWAYS_IGNORED = ['.git', '.gitignore', '.gitattributes', '.github'];
/** What old signers call the file of a model that is one file. */
export const THE_ONE_FILE = '.';
const MAX_FILES = 100_000;
const BOUNDS = { maxBytes: 12 * 1024 * 1024, maxDepth: 16 };

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const fileName = z
  .string()
  .refine((path) => path === THE_ONE_FILE || pathProblem(path) === undefined, 'is no path inside the model');
const ignoredPath = z
  .string()
  .transform((path) => path.replace(/^(?:\.\/)+/, '').replace(/\/+$/, ''))
  .refine((path) => pathProblem(path) === undefined && !/[*?[]/.test(path), 'is no path inside the model');

const head = z.object({ _type: z.literal(STATEMENT_TYPE), predicateType: z.string() });

const current = z.object({
  subject: z.tuple([z.object({ name: z.string().min(1), digest: z.object({ sha256: hex }) })]),
  predicate: z.object({
    serialization: z.object({
      method: z.string(),
      hash_type: z.string(),
      allow_symlinks: z.boolean(),
      ignore_paths: z.array(ignoredPath).max(1_000).optional(),
    }),
    resources: z
      .array(z.object({ name: z.string(), digest: z.string(), algorithm: z.string() }))
      .min(1)
      .max(MAX_FILES),
  }),
});

const resources = z.array(z.object({ name: fileName, digest: hex }));

const old = z.object({
  subject: z
    .array(z.object({ name: fileName, digest: z.object({ sha256: hex }) }))
    .min(1)
    .max(MAX_FILES),
});

/** Reads the statement of a payload whose signature is good. @throws Distrust */
export function readStatement(payloadType: string, payload: Buffer): SignedFiles {
  if (payloadType !== PAYLOAD_TYPE) throw wrong(`the payload is ${JSON.stringify(payloadType.slice(0, 100))}`);
  const json = jsonOf(payload);
  const statement = head.safeParse(json);
  if (!statement.success) throw wrong('the payload is no in-toto statement v1');
  const { predicateType } = statement.data;
  if (predicateType === OLD_PREDICATE_TYPE) return oldFiles(json);
  if (predicateType !== PREDICATE_TYPE)
    throw wrong(`the predicate is ${JSON.stringify(predicateType.slice(0, 100))}, not ${PREDICATE_TYPE}`);
  return currentFiles(json);
}

function currentFiles(json: unknown): SignedFiles {
  const { subject, predicate } = checked(current, json);
  const { method, hash_type: hashType, ignore_paths: ignorePaths = [] } = predicate.serialization;
  if (method !== 'files') throw unsupported(`files in pieces (${JSON.stringify(method.slice(0, 40))})`);
  const algorithms = new Set([hashType, ...predicate.resources.map(({ algorithm }) => algorithm)]);
  const odd = [...algorithms].find((algorithm) => algorithm !== 'sha256');
  if (odd !== undefined) throw unsupported(`digests of another kind (${JSON.stringify(odd.slice(0, 40))})`);
  const files = checked(resources, predicate.resources, 'predicate.resources');
  const root = createHash('sha256');
  for (const { digest } of files) root.update(digest, 'hex');
  if (root.digest('hex') !== subject[0].digest.sha256) throw malformed('subject.0.digest.sha256');
  return { digests: digestsByPath(files), ignored: [...ALWAYS_IGNORED, ...ignorePaths] };
}

function oldFiles(json: unknown): SignedFiles {
  const files = checked(old, json).subject.map(({ name, digest }) => ({ name, digest: digest.sha256 }));
  return { digests: digestsByPath(files), ignored: ALWAYS_IGNORED };
}

/** The order is not looked at: the reference tool sorts by parts of paths, the specification by their code points. */
function digestsByPath(files: readonly { readonly name: string; readonly digest: string }[]): Map<string, string> {
  const digests = new Map(files.map(({ name, digest }) => [name, `sha256:${digest}`]));
  if (digests.size !== files.length) throw malformed('resources');
  if (digests.has(THE_ONE_FILE) && digests.size > 1) throw malformed('resources');
  return digests;
}

function jsonOf(payload: Buffer): unknown {
  const text = textOf(payload);
  const parsed = text === undefined ? undefined : boundedJson(text, BOUNDS);
  if (parsed?.type !== 'value') throw malformed('');
  return parsed.value;
}

function textOf(payload: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    return undefined;
  }
}

function checked<Schema extends z.ZodType>(schema: Schema, json: unknown, where = ''): z.output<Schema> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw malformed([where, ...(parsed.error.issues[0]?.path ?? [])].filter((part) => part !== '').join('.'));
}

const wrong = (what: string): Distrust =>
  new Distrust('wrong-predicate', `${what}; sign the model with a tool for OpenSSF model signing`);

const unsupported = (what: string): Distrust =>
  new Distrust('unsupported-bundle', `the signature is over ${what}; sign whole files with sha256`);

const malformed = (member: string): Distrust =>
  new Distrust(
    'malformed-statement',
    `the signed statement is malformed${member === '' ? '' : ` at ${member}`}; sign the model again`,
  );
