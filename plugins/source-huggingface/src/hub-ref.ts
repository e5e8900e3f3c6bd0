import { SourceError } from '@llama-orch/plugin-sdk';

export interface HubRef {
  /** `org/repo`. */
  readonly repository: string;
  /** Undefined: the whole repository. */
  readonly file: string | undefined;
  /** Branch, tag or commit. */
  readonly revision: string;
}

const FORM =
  /^(hf|repo):([A-Za-z0-9][\w.-]{0,95}\/[A-Za-z0-9][\w.-]{0,95})(?:\/([^@]{1,1024}))?(?:@([A-Za-z0-9][\w./-]{0,254}))?$/;
const DEFAULT_REVISION = 'main';

/** @throws SourceError */
export function parseHubRef(ref: string): HubRef {
  const [, scheme, repository, file, revision = DEFAULT_REVISION] = FORM.exec(ref) ?? [];
  const isPlain = [file ?? 'a', revision].every((path) =>
    path.split('/').every((part) => !['', '.', '..'].includes(part)),
  );
  if (repository === undefined || !isPlain || (scheme === 'repo' && file !== undefined)) throw malformed(ref);
  return { repository, file, revision };
}

export function pinned({ repository, file }: HubRef, commit: string): string {
  return `hf:${repository}${file === undefined ? '' : `/${file}`}@${commit}`;
}

function malformed(ref: string): SourceError {
  return new SourceError(
    'malformed',
    `${ref} must have the form hf:org/repo/file.gguf[@rev], hf:org/repo[@rev] or repo:org/name[@rev]`,
  );
}
