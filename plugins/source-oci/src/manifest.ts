import { createHash } from 'node:crypto';
import { SourceError, z } from '@llama-orch/plugin-sdk';

/** A layer that is a file of the model. */
export interface ModelLayer {
  readonly path: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

/** What a registry keeps under a tag: a model, or a list of them. */
export type Manifest =
  | { readonly type: 'model'; readonly layers: readonly ModelLayer[] }
  | { readonly type: 'list'; readonly digests: readonly string[] };

export const MANIFEST_TYPES: readonly string[] = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.index.v1+json',
];

/** Layers that are weights by their media type alone, and what they are called when nothing else names them. */
const WEIGHTS: readonly (readonly [RegExp, string])[] = [
  [/^application\/vnd\.ollama\.image\.model$/, 'model.gguf'],
  [/^application\/vnd\.docker\.ai\.gguf\.v3$/, 'model.gguf'],
  [/^application\/vnd\.cncf\.model\.weight\.v1\.raw$/, 'model.safetensors'],
];
/** Files as they are; archives are not unpacked here. */
const ARCHIVE = /(?:tar|gzip|zstd)$/;
const NAMES = ['org.cncf.model.filepath', 'org.opencontainers.image.title'] as const;

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const descriptor = z.looseObject({
  mediaType: z.string().default(''),
  digest,
  size: z.int().min(0),
  annotations: z.record(z.string(), z.string()).nullish(),
});
const document = z.looseObject({
  layers: z.array(descriptor).optional(),
  blobs: z.array(descriptor).optional(),
  manifests: z.array(descriptor).optional(),
});

type Descriptor = z.output<typeof descriptor>;

/** @throws SourceError when it is no manifest */
export function parseManifest(body: Uint8Array, ref: string): Manifest {
  const parsed = document.safeParse(jsonIn(body));
  if (!parsed.success)
    throw new SourceError('unavailable', `the registry gave something for ${ref} that is no manifest`);
  const { manifests, layers, blobs } = parsed.data;
  if (manifests !== undefined) return { type: 'list', digests: manifests.map((one) => one.digest) };
  return { type: 'model', layers: (layers ?? blobs ?? []).flatMap(layerOf) };
}

export function digestOf(body: Uint8Array): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}

/** Nothing for layers that are no file of a model: templates, parameters, licences of other tools, archives. */
function layerOf({ mediaType, digest: layerDigest, size, annotations }: Descriptor): ModelLayer[] {
  const usual = WEIGHTS.find(([type]) => type.test(mediaType))?.[1];
  const named = NAMES.map((name) => annotations?.[name]).find((name) => name !== undefined && name !== '');
  const path = named ?? usual;
  if (path === undefined || ARCHIVE.test(mediaType)) return [];
  return [{ path, digest: layerDigest, sizeBytes: size }];
}

function jsonIn(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as unknown;
  } catch {
    return undefined;
  }
}
