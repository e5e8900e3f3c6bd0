import {
  type ModelSource,
  type ResolvedModel,
  type SourceCall,
  SourceError,
  type SourceFetch,
  type SourceReply,
} from '@llama-orch/plugin-sdk';

export interface HttpsOptions {
  readonly plain_http: readonly string[];
  readonly authorization_env: Readonly<Record<string, string>>;
}

interface HttpsRef {
  readonly ref: string;
  readonly url: URL;
  /** `sha256:<hex>` of the file. */
  readonly digest: string | undefined;
}

const FRAGMENT = /^#sha256=([0-9a-fA-F]{64})$/;
/** A server that does not know HEAD may know GET. */
const UNKNOWN_SIZE = [400, 403, 405, 501];

/** One file behind an address. */
export class HttpsSource implements ModelSource {
  readonly schemes = ['https'];

  constructor(
    private readonly options: HttpsOptions,
    private readonly env: Readonly<Record<string, string | undefined>>,
  ) {}

  get origins(): readonly string[] {
    return this.options.plain_http.map((host) => `http://${host}`);
  }

  async resolve(ref: string, fetch: SourceFetch): Promise<ResolvedModel> {
    const read = parsed(ref);
    const { url, digest } = read;
    const call = this.callFor(url);
    const sizeBytes = sizeIn(await fetch({ ...call, method: 'HEAD' }), read);
    const file = {
      path: nameOf(url),
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
      ...(digest === undefined ? {} : { digest }),
    };
    return {
      pinnedRef: ref,
      registry: url.host,
      files: [{ ...file, place: { type: 'remote', ask: () => call } }],
    };
  }

  private callFor(url: URL): SourceCall {
    const asked = new URL(url.href);
    asked.hash = '';
    if (this.options.plain_http.includes(url.host)) asked.protocol = 'http:';
    const authorization = this.env[this.options.authorization_env[url.host] ?? ''];
    return { url: asked.href, ...(authorization === undefined ? {} : { secretHeaders: { authorization } }) };
  }
}

function parsed(ref: string): HttpsRef {
  const url = URL.parse(ref);
  const isPlain = url !== null && url.protocol === 'https:' && url.username === '' && url.password === '';
  if (!isPlain || nameOf(url) === '') throw malformed(ref);
  if (url.hash === '' && !ref.includes('#')) return { ref, url, digest: undefined };
  const hex = FRAGMENT.exec(url.hash)?.[1];
  if (hex === undefined) throw malformed(ref);
  return { ref, url, digest: `sha256:${hex.toLowerCase()}` };
}

function malformed(ref: string): SourceError {
  const form = 'https://host/path/of/a/file, and may end with #sha256= and 64 hex digits';
  return new SourceError('malformed', `${ref.split('?')[0]} must have the form ${form}`);
}

/** The last part of the path is the name of the file. */
function nameOf({ pathname }: URL): string {
  const name = pathname.slice(pathname.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(name).replaceAll(/[/\\]/g, '_');
  } catch {
    return name;
  }
}

/** Undefined where the server does not tell. */
function sizeIn({ status, headers }: SourceReply, { url }: HttpsRef): number | undefined {
  const where = `${url.host}${url.pathname}`;
  if (status === 404 || status === 410) throw new SourceError('missing', `${where} is not there; check the address`);
  if (status === 401) throw new SourceError('denied', `${where} wants a key; name one in authorization_env of the source https`); // prettier-ignore
  if (UNKNOWN_SIZE.includes(status)) return undefined;
  if (status !== 200) throw new SourceError('unavailable', `${where} answered ${status}; try again later`);
  const length = headers['content-length'] ?? '';
  return /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}
