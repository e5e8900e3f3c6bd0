import {
  type ModelSource,
  partNames,
  type ResolvedModel,
  type SourceCall,
  SourceError,
  type SourceFetch,
  type SourceFile,
  type SourceReply,
} from '@llama-orch/plugin-sdk';
import { type S3Options } from './options.js';
import { encoded, type Keys, signed } from './sign.js';

interface Place {
  readonly bucket: string;
  readonly key: string;
  readonly version: string | undefined;
}

const REF = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/([^?#]{1,1024})(?:\?versionId=([\w.~+/=-]{1,1024}))?$/;

/** Objects of buckets; each call is signed anew, as signatures run out. */
export class S3Source implements ModelSource {
  readonly schemes = ['s3'];

  constructor(
    private readonly options: S3Options,
    private readonly keys: () => Keys | undefined,
    private readonly now: () => Date,
  ) {}

  get origins(): readonly string[] {
    const { endpoint } = this.options;
    return endpoint === undefined ? [] : [new URL(endpoint).origin];
  }

  async resolve(ref: string, fetch: SourceFetch): Promise<ResolvedModel> {
    const place = parsed(ref);
    const found = await Promise.all(partNames(place.key).map((key) => this.look({ ...place, key }, fetch)));
    const [only] = found;
    const version = found.length === 1 ? only?.version : undefined;
    return {
      ...(version === undefined ? {} : { revision: version }),
      pinnedRef: `s3://${place.bucket}/${place.key}${version === undefined ? '' : `?versionId=${version}`}`,
      registry: `s3/${place.bucket}`,
      files: found.map(({ file }) => file),
    };
  }

  private async look(place: Place, fetch: SourceFetch) {
    const reply = await fetch(this.callFor('HEAD', place, { 'x-amz-checksum-mode': 'ENABLED' }));
    demandObject(reply, place);
    const { headers } = reply;
    const version = place.version ?? versionIn(headers['x-amz-version-id']);
    const digest = digestIn(headers['x-amz-checksum-sha256']);
    const length = headers['content-length'] ?? '';
    const file: SourceFile = {
      path: place.key.slice(place.key.lastIndexOf('/') + 1),
      ...(/^\d{1,15}$/.test(length) ? { sizeBytes: Number(length) } : {}),
      ...(digest === undefined ? {} : { digest }),
      place: { type: 'remote', ask: () => this.callFor('GET', { ...place, version }) },
    };
    return { version, file };
  }

  private callFor(method: 'HEAD' | 'GET', place: Place, headers: Readonly<Record<string, string>> = {}): SourceCall {
    const url = this.addressOf(place);
    const keys = this.keys();
    if (keys === undefined) return { method, url: url.href, headers };
    return { method, url: url.href, ...signed({ method, url, headers }, keys, this.options.region, this.now()) };
  }

  private addressOf({ bucket, key, version }: Place): URL {
    const { endpoint, region, path_style = endpoint !== undefined } = this.options;
    const url = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
    const path = key.split('/').map(encoded).join('/');
    if (!path_style) url.hostname = `${bucket}.${url.hostname}`;
    url.pathname = path_style ? `/${bucket}/${path}` : `/${path}`;
    if (version !== undefined) url.searchParams.set('versionId', version);
    return url;
  }
}

/** @throws SourceError */
function parsed(ref: string): Place {
  const [, bucket, key, version] = REF.exec(ref) ?? [];
  const isPlain = key?.split('/').every((part) => !['', '.', '..'].includes(part)) ?? false;
  if (bucket !== undefined && key !== undefined && isPlain) return { bucket, key, version };
  throw new SourceError('malformed', `${ref} must have the form s3://bucket/key`);
}

function demandObject({ status }: SourceReply, { bucket, key }: Place): void {
  if (status === 200) return;
  const object = `s3://${bucket}/${key}`;
  if (status === 404) throw new SourceError('missing', `${object} is not there; check bucket and key`);
  if (status === 401 || status === 403)
    throw new SourceError(
      'denied',
      `${object} may not be read; check the keys, the region and the policy of the bucket`,
    );
  if (status === 301 || status === 307)
    throw new SourceError('unavailable', `${object} is in another region; set region of the source s3`);
  throw new SourceError('unavailable', `the bucket of ${object} answered ${status}; try again later`);
}

/** A bucket without versions says null. */
function versionIn(header: string | undefined): string | undefined {
  return header === undefined || header === 'null' ? undefined : header;
}

/** Of objects that were sent in parts it is a digest of digests, and marked so: nothing to compare bytes with. */
function digestIn(header: string | undefined): string | undefined {
  if (header === undefined || !/^[A-Za-z0-9+/]{43}=$/.test(header)) return undefined;
  return `sha256:${Buffer.from(header, 'base64').toString('hex')}`;
}
