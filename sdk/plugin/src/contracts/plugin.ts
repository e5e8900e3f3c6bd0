import type { ZodType } from 'zod';

/** Version of the plugin contracts. Major = break, minor = a new optional ability. */
export const PLUGIN_API_VERSION = '1.0.0';

/** What a plugin can be. The host keeps one registry per kind. */
export type PluginKind =
  'engine-adapter' | 'placement-strategy' | 'queue-discipline' | 'gpu-probe' | 'search-provider' | 'model-source';

/** What the host lends to a plugin while it is created. */
export interface PluginContext {
  /** Writes one line to the daemon's log. Fields must hold neither prompts nor secrets. */
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/**
 * What a plugin package exports as its default.
 *
 * `Options` is the parsed form of the operator's options, `Value` what the plugin provides.
 */
export interface Plugin<Kind extends PluginKind = PluginKind, Options = unknown, Value = unknown> {
  readonly kind: Kind;
  /** Lower case, unique per kind: what operators write in the config. */
  readonly id: string;
  readonly version: string;
  /** Semver range of {@link PLUGIN_API_VERSION} that the plugin was written for. */
  readonly apiVersion: string;
  /** Strict schema of the options: unknown members are refused at the door. */
  readonly options: ZodType<Options>;
  create(options: Options, context: PluginContext): Value | Promise<Value>;
}

/** What an author writes: a plugin without its kind, which the `define…` function adds. */
export type PluginDefinition<Options, Value> = Omit<Plugin<PluginKind, Options, Value>, 'kind'>;
