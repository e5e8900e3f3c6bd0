import {
  type ModelSource,
  type ResolvedModel,
  type SourceCall,
  SourceError,
  type SourceFetch,
  type SourceFile,
  type SourceReply,
} from '@llama-orch/plugin-sdk';
import { digestOf, MANIFEST_TYPES, type ModelLayer, parseManifest } from './manifest.js';
import { type OciRef, parseOciRef } from './oci-ref.js';
import { type Environment, type OciOptions } from './options.js';
import { denied, Tokens } from './tokens.js';

/** Models as registries keep them: a manifest, and blobs by their digests. */
export class OciSource implements ModelSource {
  readonly schemes = ['oci'];
  private readonly tokens: Tokens;

  constructor(
    private readonly options: OciOptions,
    env: Environment,
    now: () => number = () => performance.now(),
  ) {
    this.tokens = new Tokens(options, env, now);
  }

  get origins(): readonly string[] {
    return this.options.plain_http.map((registry) => `http://${registry}`);
  }

  async resolve(ref: string, fetch: SourceFetch): Promise<ResolvedModel> {
    const parsed = parseOciRef(ref);
    const { digest, layers } = await this.model(parsed, ref, fetch);
    if (layers.length === 0) throw new SourceError('missing', `${ref} holds no files of a model`);
    const { registry, repository } = parsed;
    return {
      revision: digest,
      pinnedRef: `oci://${registry}/${repository}@${digest}`,
      registry: `${registry}/${repository}`,
      files: layers.map((layer) => this.fileOf(layer, parsed)),
    };
  }

  /** A list is followed when it has one entry: none of several would be the right one. */
  private async model(
    parsed: OciRef,
    ref: string,
    fetch: SourceFetch,
    isInList = false,
  ): Promise<{ digest: string; layers: readonly ModelLayer[] }> {
    const body = await this.manifest(parsed, ref, fetch);
    const digest = digestOf(body);
    if (parsed.reference.startsWith('sha256:') && parsed.reference !== digest)
      throw new SourceError('unavailable', `the registry gave another manifest for ${ref}: ${digest}`);
    const manifest = parseManifest(body, ref);
    if (manifest.type === 'model') return { digest, layers: manifest.layers };
    const [only] = manifest.digests;
    if (only !== undefined && manifest.digests.length === 1 && !isInList)
      return this.model({ ...parsed, reference: only }, ref, fetch, true);
    const some = manifest.digests.slice(0, 3).join(', ');
    throw new SourceError(
      'malformed',
      `${ref} is a list of ${manifest.digests.length}; name one by its digest: ${some}`,
    );
  }

  private async manifest(parsed: OciRef, ref: string, fetch: SourceFetch): Promise<Uint8Array> {
    const ask = () =>
      fetch(this.callFor(parsed, `manifests/${parsed.reference}`, { accept: MANIFEST_TYPES.join(', ') }));
    let reply = await ask();
    if (reply.status === 401 && (await this.tokens.answer(parsed, reply, fetch))) reply = await ask();
    demandManifest(reply, ref);
    return reply.body;
  }

  private fileOf({ path, digest, sizeBytes }: ModelLayer, parsed: OciRef): SourceFile {
    return { path, digest, sizeBytes, place: { type: 'remote', ask: (fetch) => this.blob(parsed, digest, fetch) } };
  }

  /** Tokens run out while large files are fetched; one that did is asked for anew. */
  private async blob(parsed: OciRef, digest: string, fetch: SourceFetch): Promise<SourceCall> {
    const call = () => this.callFor(parsed, `blobs/${digest}`);
    if (call().secretHeaders?.['authorization'] !== undefined) return call();
    const reply = await fetch({ ...call(), method: 'HEAD' });
    if (reply.status === 401) await this.tokens.answer(parsed, reply, fetch);
    return call();
  }

  private callFor(ref: OciRef, path: string, headers: Readonly<Record<string, string>> = {}): SourceCall {
    const { registry, repository } = ref;
    const scheme = this.options.plain_http.includes(registry) ? 'http' : 'https';
    const url = `${scheme}://${registry}/v2/${repository}/${path}`;
    return { url, headers, secretHeaders: this.tokens.headersFor(ref) };
  }
}

function demandManifest({ status }: SourceReply, ref: string): void {
  if (status === 200) return;
  if (status === 401 || status === 403) throw denied(ref);
  if (status === 404) throw new SourceError('missing', `${ref} is not there; check repository and tag`);
  throw new SourceError('unavailable', `the registry answered ${status} for ${ref}; try again later`);
}
