/** What a model ref says, before anybody has looked whether there is such a model. */
export type ModelRef =
  /** A catalog id or alias; else a path below the model root, where the text has that form. */
  | { readonly type: 'name'; readonly name: string; readonly relativePath: string | undefined }
  | { readonly type: 'digest'; readonly digest: string }
  /** One file of a repository, or all of it. */
  | {
      readonly type: 'huggingface';
      readonly repository: string;
      readonly file: string | undefined;
      readonly revision: string | undefined;
    }
  | { readonly type: 'https'; readonly url: string; readonly digest: string | undefined }
  | { readonly type: 's3'; readonly bucket: string; readonly key: string }
  | { readonly type: 'oci'; readonly registry: string; readonly repository: string; readonly reference: string }
  | { readonly type: 'file'; readonly path: string };

/** Why a text is no model ref, in words that follow its name. */
export interface Malformed {
  readonly type: 'malformed';
  readonly message: string;
}

const LONGEST = 2_048;
/** Ids of the catalog. */
export const CATALOG_ID = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$/;
export const DIGEST = /^sha256:[0-9a-f]{64}$/;
const RELATIVE = /^[A-Za-z0-9][A-Za-z0-9._:/@#=+ -]{0,1023}$/;
const PART = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;
const REVISION = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,254}$/;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?(?::\d{1,5})?$/;
const OCI_REPOSITORY = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/;
const OCI_TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Reads any form of a model ref; whether the model exists is another question. */
export function parseModelRef(text: string): ModelRef | Malformed {
  if (text === '' || text.length > LONGEST) return malformed(`must have 1 to ${LONGEST} characters`);
  if (CONTROL.test(text)) return malformed('must hold no control characters');
  const scheme = /^([a-z0-9]+):/.exec(text)?.[1];
  const parse = scheme === undefined ? undefined : PARSERS.get(scheme);
  return parse === undefined ? named(text) : parse(text);
}

const PARSERS: ReadonlyMap<string, (text: string) => ModelRef | Malformed> = new Map([
  ['sha256', digest],
  ['hf', (text) => repository(text, 'hf:')],
  ['repo', (text) => repository(text, 'repo:')],
  ['https', https],
  ['http', () => malformed('must begin with https://, as models are not fetched without it')],
  ['s3', s3],
  ['oci', oci],
  ['file', file],
]);

function digest(text: string): ModelRef | Malformed {
  const lower = text.toLowerCase();
  return DIGEST.test(lower) ? { type: 'digest', digest: lower } : malformed('must be sha256: and 64 hex digits');
}

function repository(text: string, prefix: string): ModelRef | Malformed {
  const { before, after: revision } = split(text.slice(prefix.length), '@');
  const [owner, name, ...path] = before.split('/');
  const isWhole = path.length === 0;
  const why = prefix === 'hf:' ? 'hf:org/repo/file.gguf[@rev] or hf:org/repo[@rev]' : 'repo:org/name[@rev]';
  if (owner === undefined || name === undefined || !PART.test(owner) || !PART.test(name))
    return malformed(`must have the form ${why}`);
  if (!isWhole && (prefix === 'repo:' || !isPath(path))) return malformed(`must have the form ${why}`);
  if (revision !== undefined && !(REVISION.test(revision) && isPath(revision.split('/'))))
    return malformed(`must have the form ${why}, where rev is a branch, tag or commit`);
  return { type: 'huggingface', repository: `${owner}/${name}`, file: isWhole ? undefined : path.join('/'), revision };
}

function https(text: string): ModelRef | Malformed {
  const { before, after: fragment } = split(text, '#');
  const url = URL.canParse(before) ? new URL(before) : undefined;
  if (url === undefined || url.protocol !== 'https:' || url.hostname === '')
    return malformed('must be an https:// URL');
  if (url.username !== '' || url.password !== '') return malformed('must hold no user name or password');
  // What the parser of URLs takes out would lead to another file than the one that was written.
  if (!isPath(before.split(/[?]/)[0]!.split('/').slice(3), true)) return malformed('must hold no . or .. in its path');
  if (fragment === undefined) return { type: 'https', url: before, digest: undefined };
  const hex = /^sha256=([0-9a-fA-F]{64})$/.exec(fragment)?.[1];
  if (hex === undefined) return malformed('may end with #sha256= and 64 hex digits, and with no other fragment');
  return { type: 'https', url: before, digest: `sha256:${hex.toLowerCase()}` };
}

function s3(text: string): ModelRef | Malformed {
  const [bucket = '', ...path] = text.slice('s3://'.length).split('/');
  if (!text.startsWith('s3://') || !BUCKET.test(bucket) || !isPath(path))
    return malformed('must have the form s3://bucket/key');
  return { type: 's3', bucket, key: path.join('/') };
}

function oci(text: string): ModelRef | Malformed {
  const form = 'must have the form oci://registry/repo:tag or oci://registry/repo@sha256:<hex>';
  const [, registry = '', rest = ''] = /^oci:\/\/([^/]+)\/(.+)$/.exec(text) ?? [];
  const pinned = split(rest, '@');
  const tagged = split(rest, ':');
  const { before: name, after: reference } = pinned.after === undefined ? tagged : pinned;
  const isGood = pinned.after === undefined ? OCI_TAG.test(reference ?? '') : DIGEST.test(reference ?? '');
  if (!HOST.test(registry) || !OCI_REPOSITORY.test(name) || !isGood) return malformed(form);
  return { type: 'oci', registry, repository: name, reference: reference! };
}

function file(text: string): ModelRef | Malformed {
  const path = text.slice('file:'.length).replace(/^\/\/\//, '/');
  if (!path.startsWith('/') || !isPath(path.slice(1).split('/')))
    return malformed('must name an absolute path without "..", as in file:/models/name.gguf');
  return { type: 'file', path };
}

function named(text: string): ModelRef | Malformed {
  const isRelative = RELATIVE.test(text) && isPath(text.split('/'));
  if (!isRelative && !isCatalogId(text))
    return malformed('must be a model ref, such as haiku-nano, hf:org/repo/file.gguf or file:/models/name.gguf');
  return { type: 'name', name: text, relativePath: isRelative ? text : undefined };
}

/** An id that no path and no other form of a ref can be taken for. */
export function isCatalogId(text: string): boolean {
  return CATALOG_ID.test(text) && isPath(text.split('/'));
}

/** Parts that lead nowhere but down; in a URL empty ones are allowed. */
function isPath(parts: readonly string[], mayBeEmpty = false): boolean {
  const isDots = (part: string) => /^(?:\.|%2e){1,2}$/i.test(part);
  return (mayBeEmpty || parts.length > 0) && parts.every((part) => (mayBeEmpty || part !== '') && !isDots(part));
}

function split(text: string, at: string): { readonly before: string; readonly after: string | undefined } {
  const index = text.indexOf(at);
  return index === -1
    ? { before: text, after: undefined }
    : { before: text.slice(0, index), after: text.slice(index + 1) };
}

function malformed(message: string): Malformed {
  return { type: 'malformed', message };
}
