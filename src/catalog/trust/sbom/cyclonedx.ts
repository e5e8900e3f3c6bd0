import { z } from 'zod';
import { boundedJson } from '../bounded-json.js';
import { Distrust } from '../reasons.js';

const VERSIONS = ['1.5', '1.6', '1.7'];
/** What CycloneDX calls a model. */
export const MODEL_TYPE = 'machine-learning-model';
const BOUNDS = { maxBytes: 16 * 1024 * 1024, maxDepth: 64 };
const MAX_COMPONENTS = 100_000;

const hash = z.object({ alg: z.string(), content: z.string() });
const license = z.union([
  z.object({ license: z.union([z.object({ id: z.string() }), z.object({ name: z.string() })]) }),
  z.object({ expression: z.string() }),
]);

/** One part that a bill of materials lists. */
export interface Component {
  readonly type: string;
  readonly name: string;
  readonly hashes: readonly z.output<typeof hash>[];
  readonly licenses: readonly z.output<typeof license>[];
  /** Where it descends from; kept as it is. */
  readonly pedigree?: Readonly<Record<string, unknown>> | undefined;
  /** What it is made of. */
  readonly components: readonly Component[];
}

const component: z.ZodType<Component> = z.object({
  type: z.string(),
  name: z.string(),
  hashes: z.array(hash).default([]),
  licenses: z.array(license).default([]),
  pedigree: z.record(z.string(), z.unknown()).optional(),
  components: z.lazy(() => components),
});

const components = z.array(component).max(MAX_COMPONENTS).default([]);

const schema = z.object({
  bomFormat: z.literal('CycloneDX'),
  metadata: z.object({ component: component.optional() }).default({}),
  components,
});

/**
 * The components of a CycloneDX document in JSON, versions 1.5 to 1.7: what it is about first, then all that it lists,
 * at whatever depth.
 *
 * @throws Distrust
 */
export function componentsOf(text: string): readonly Component[] {
  const json = jsonOf(text);
  refuseOtherVersions(json);
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw malformed(parsed.error.issues[0]?.path.join('.') ?? '');
  const { metadata, components: listed } = parsed.data;
  const top = metadata.component === undefined ? listed : [metadata.component, ...listed];
  return top.flatMap(withParts);
}

const withParts = (whole: Component): Component[] => [whole, ...whole.components.flatMap(withParts)];

function jsonOf(text: string): unknown {
  const parsed = boundedJson(text, BOUNDS);
  if (parsed.type === 'value') return parsed.value;
  if (parsed.type === 'not-json') throw malformed('');
  const limit =
    parsed.type === 'too-large'
      ? `larger than ${BOUNDS.maxBytes} bytes`
      : `nested deeper than ${BOUNDS.maxDepth} levels`;
  throw new Distrust('oversized-sbom', `the SBOM is ${limit}; give a smaller one`);
}

function refuseOtherVersions(json: unknown): void {
  const { specVersion } = (json ?? {}) as { readonly specVersion?: unknown };
  if (typeof specVersion !== 'string' || VERSIONS.includes(specVersion)) return;
  throw new Distrust(
    'unsupported-sbom',
    `the SBOM is CycloneDX ${JSON.stringify(specVersion.slice(0, 20))}; give one of ${VERSIONS.join(', ')}`,
  );
}

const malformed = (member: string): Distrust =>
  new Distrust(
    'malformed-sbom',
    `the SBOM is no CycloneDX document in JSON${member === '' ? '' : `: ${member} is missing or malformed`}; make it again`,
  );
