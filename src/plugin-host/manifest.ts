import { PLUGIN_API_VERSION, type PluginKind } from '@llama-orch/plugin-sdk';
import { satisfies, validRange } from 'semver';
import { z } from 'zod';

/** What a package says of itself before any of its code runs: the member `llamaOrch` of its package.json. */
export interface PluginManifest {
  readonly packageName: string;
  readonly version: string;
  readonly kind: PluginKind;
  readonly id: string;
  /** Semver range of the plugin contracts that it was written for. */
  readonly apiVersion: string;
  /** Path of the entry module, relative to the package. */
  readonly entry: string;
}

const KINDS = [
  'engine-adapter',
  'placement-strategy',
  'queue-discipline',
  'gpu-probe',
  'search-provider',
  'model-source',
] as const satisfies readonly PluginKind[];

const entryPoint = z.union([
  z.string(),
  z.looseObject({ default: z.string() }).transform((entry) => entry.default),
  z.looseObject({ import: z.string() }).transform((entry) => entry.import),
]);

const packageJson = z.looseObject({
  name: z.string().min(1),
  version: z.string().min(1),
  main: z.string().optional(),
  exports: z.union([z.string(), z.looseObject({ '.': entryPoint })]).optional(),
  llamaOrch: z.strictObject({
    kind: z.enum(KINDS),
    id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
    apiVersion: z.string().refine((range) => validRange(range) !== null, 'must be a semver range'),
  }),
});

/** Reads a package.json. @throws Error that names the member and what is expected */
export function readManifest(text: string): PluginManifest {
  const parsed = packageJson.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(`package.json is no plugin manifest: ${z.prettifyError(parsed.error)}`);
  const { name, version, llamaOrch } = parsed.data;
  return { packageName: name, version, ...llamaOrch, entry: entryOf(parsed.data) };
}

/** @throws Error that names both versions when the plugin was written for other contracts */
export function checkApiVersion(manifest: PluginManifest): void {
  if (satisfies(PLUGIN_API_VERSION, manifest.apiVersion)) return;
  throw new Error(
    `it needs plugin contracts ${manifest.apiVersion}, this llama-orch has ${PLUGIN_API_VERSION}; install a matching version of ${manifest.packageName}`,
  );
}

function entryOf({ exports, main }: z.output<typeof packageJson>): string {
  if (typeof exports === 'string') return exports;
  return exports?.['.'] ?? main ?? 'index.js';
}
