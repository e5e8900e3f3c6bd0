const HUGGING_FACE = 'huggingface.co';
/** What weights that lie on this machine are called in a list of registries. */
export const LOCAL_REGISTRY = 'file';

/** A bucket may have the name of somebody's host, so buckets have a place of their own. */
const BUCKETS = 's3';

/**
 * Where a model ref leads: host, with its port if it has one, and the path below it; `s3/<bucket>/…` for a bucket, `file`
 * for weights of this machine.
 * Undefined when it is no such ref, or one that could mean two places.
 */
export function registryOf(ref: string): string | undefined {
  const scheme = /^([a-z][a-z0-9+.-]*):/.exec(ref)?.[1];
  const rest = ref.slice((scheme ?? '').length + 1);
  if (scheme === undefined || scheme === 'file') return LOCAL_REGISTRY;
  if (scheme === 'hf' || scheme === 'repo') return plainPlace(`${HUGGING_FACE}/${rest.replace(/@[^/]*$/, '')}`);
  if (scheme === 's3') return plainPlace(`${BUCKETS}/${rest.replace(/^\/\//, '')}`);
  if (scheme === 'oci') return plainPlace(rest.replace(/^\/\//, '').replace(/(?:@[^/]*|:[^/:]*)$/, ''));
  return scheme === 'https' || scheme === 'http' ? placeOfUrl(ref) : undefined;
}

/**
 * True when a place lies in one of the registries: `host`, `host:port`, `*.host` for every name below it, each with or
 * without `/organisation`. A place that nobody knows lies in none.
 */
export function isInRegistries(place: string | undefined, registries: readonly string[]): boolean {
  return place !== undefined && registries.some((registry) => isIn(place, registry));
}

function isIn(place: string, registry: string): boolean {
  const [host = '', ...path] = place.split('/');
  const [wantedHost = '', ...wantedPath] = registry.replace(/\/+$/, '').split('/');
  return isHost(host.toLowerCase(), wantedHost.toLowerCase()) && wantedPath.every((part, at) => path[at] === part);
}

const isHost = (host: string, wanted: string): boolean =>
  wanted.startsWith('*.') ? host.endsWith(wanted.slice(1)) && host.length >= wanted.length : host === wanted;

function placeOfUrl(ref: string): string | undefined {
  if (!URL.canParse(ref)) return undefined;
  const { username, password, host, pathname } = new URL(ref);
  return username === '' && password === '' ? plainPlace(`${host}${pathname}`) : undefined;
}

/** Empty parts, dots and escapes could lead somewhere else than they seem to. */
function plainPlace(place: string): string | undefined {
  const parts = place.replace(/\/$/, '').split('/');
  const isPlain = parts.every((part) => /^[\w.:@~+=-]+$/.test(part) && part !== '.' && part !== '..');
  return isPlain ? parts.join('/') : undefined;
}
