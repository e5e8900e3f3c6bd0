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
import { type HubRef, parseHubRef, pinned } from './hub-ref.js';
import { type HubOptions } from './options.js';
import { type Repository, repositoryIn } from './repository.js';

const HUB = 'https://huggingface.co';

/** Resolves a revision to its commit, so that what is fetched later is what was looked at now. */
export class HubSource implements ModelSource {
  readonly schemes = ['hf', 'repo'];
  private readonly base: URL;

  constructor(
    private readonly options: HubOptions,
    private readonly token: string | undefined,
  ) {
    this.base = new URL(options.endpoint ?? HUB);
  }

  get origins(): readonly string[] {
    return this.options.endpoint === undefined ? [] : [this.base.origin];
  }

  async resolve(ref: string, fetch: SourceFetch): Promise<ResolvedModel> {
    const parsed = parseHubRef(ref);
    const path = `/api/models/${parsed.repository}/revision/${encodeURIComponent(parsed.revision)}?blobs=true`;
    const reply = await fetch(this.callFor(path, { accept: 'application/json' }));
    demandAnswer(reply, ref, this.token !== undefined);
    const repository = repositoryIn(reply);
    return {
      revision: repository.commit,
      pinnedRef: pinned(parsed, repository.commit),
      registry: `${this.base.host}/${parsed.repository}`,
      files: filesOf(parsed, repository, ref).map((file) => this.fileOf(file, parsed, repository.commit)),
    };
  }

  private fileOf(
    { path, sizeBytes, digest }: Repository['files'][number],
    { repository }: HubRef,
    commit: string,
  ): SourceFile {
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    const call = this.callFor(`/${repository}/resolve/${commit}/${encoded}`);
    return {
      path,
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
      ...(digest === undefined ? {} : { digest }),
      place: { type: 'remote', ask: () => call },
    };
  }

  /** The token goes to the hub alone: the host drops it where the hub redirects to. */
  private callFor(path: string, headers: Readonly<Record<string, string>> = {}): SourceCall {
    const secretHeaders: Record<string, string> =
      this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
    return { url: new URL(path, this.base).href, headers, secretHeaders };
  }
}

function filesOf({ file }: HubRef, { files }: Repository, ref: string): Repository['files'] {
  if (file === undefined) return files.filter(({ path }) => !path.startsWith('.'));
  return partNames(file).map((name) => {
    const found = files.find(({ path }) => path === name);
    if (found !== undefined) return found;
    const some = files.filter(({ path }) => path.endsWith('.gguf')).slice(0, 3);
    const hint = some.length === 0 ? 'look at its files' : `it has ${some.map(({ path }) => path).join(', ')}`;
    throw new SourceError('missing', `${ref}: the repository has no ${name}; ${hint}`);
  });
}

function demandAnswer({ status }: SourceReply, ref: string, hasToken: boolean): void {
  if (status === 200) return;
  const key = hasToken ? 'the token may not read it' : 'it may need a token: set HF_TOKEN';
  if (status === 401 || status === 403)
    throw new SourceError('denied', `${ref} is not there, or not for everybody; ${key}`);
  if (status === 404) throw new SourceError('missing', `${ref} is not there; check the repository and its revision`);
  throw new SourceError('unavailable', `the hub answered ${status} for ${ref}; try again later`);
}
