import { SourceError, type SourceReply, z } from '@llama-orch/plugin-sdk';

/** What the hub tells of a repository at one commit. */
export interface Repository {
  readonly commit: string;
  readonly files: readonly {
    readonly path: string;
    readonly sizeBytes: number | undefined;
    /** Of large files; small ones are known to the hub by another hash. */
    readonly digest: string | undefined;
  }[];
}

const size = z.int().min(0);
const answer = z.looseObject({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  siblings: z.array(
    z.looseObject({
      rfilename: z.string().min(1),
      size: size.nullish(),
      lfs: z.looseObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: size.nullish() }).nullish(),
    }),
  ),
});

/** @throws SourceError when the answer is none of a hub */
export function repositoryIn({ body }: SourceReply): Repository {
  const parsed = answer.safeParse(jsonIn(body));
  if (!parsed.success) throw new SourceError('unavailable', 'the hub answered something that describes no repository');
  const { sha, siblings } = parsed.data;
  const files = siblings.map(({ rfilename, size: plain, lfs }) => ({
    path: rfilename,
    sizeBytes: lfs?.size ?? plain ?? undefined,
    digest: lfs == null ? undefined : `sha256:${lfs.sha256}`,
  }));
  return { commit: sha, files };
}

function jsonIn(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as unknown;
  } catch {
    return undefined;
  }
}
