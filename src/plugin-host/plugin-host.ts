import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  type EngineAdapter,
  type GpuProbe,
  type ModelSource,
  type PlacementStrategy,
  type Plugin,
  type PluginContext,
  type PluginKind,
  type QueueDisciplineFactory,
  type SearchProvider,
} from '@llama-orch/plugin-sdk';
import { z } from 'zod';
import { type Clock } from '../kernel/clock.js';
import { nearNames } from '../kernel/near-names.js';
import { type Logger } from '../observability/logger.js';
import { locatePackage } from './locate.js';
import { type PluginManifest, checkApiVersion, readManifest } from './manifest.js';

/** Where a plugin comes from, as the config or the built-in list names it. */
export interface PluginSource {
  readonly package: string;
  /** The id that the package must provide. */
  readonly id?: string;
  /** Values under those that a pool or the scheduler gives. */
  readonly options: Readonly<Record<string, unknown>>;
  /** A failure is reported and the start goes on. */
  readonly optional: boolean;
}

/** One line of the boot report. */
export interface PluginReport {
  readonly package: string;
  readonly kind: PluginKind | null;
  readonly id: string | null;
  readonly version: string | null;
  readonly state: 'loaded' | 'failed';
  readonly tookMs: number;
  readonly error?: string;
}

interface Loaded {
  readonly plugin: Plugin;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A plugin and options that it takes. */
export interface Checked {
  readonly plugin: Plugin;
  readonly parsed: unknown;
}

interface Values {
  'engine-adapter': EngineAdapter;
  'placement-strategy': PlacementStrategy;
  'queue-discipline': QueueDisciplineFactory;
  'gpu-probe': GpuProbe;
  'search-provider': SearchProvider;
  'model-source': ModelSource;
}

const CREATE_MS = 10_000;
const HERE = dirname(fileURLToPath(import.meta.url));

/** The door for all plugins, ours included: manifest, version, code, options, in this order. */
export class PluginHost {
  private readonly plugins = new Map<string, Loaded>();
  private readonly reports: PluginReport[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
    /** Where relative paths of the config start, and a further place to look packages up. */
    private readonly baseFolder: string,
  ) {}

  get report(): readonly PluginReport[] {
    return this.reports;
  }

  /** Loads each source. @throws Error that names the plugin and the step, unless the source is optional */
  async load(sources: readonly PluginSource[]): Promise<void> {
    for (const source of sources) await this.loadOne(source);
  }

  /** Ids of one kind. */
  ids(kind: PluginKind): string[] {
    return [...this.plugins.keys()]
      .filter((key) => key.startsWith(`${kind}/`))
      .map((key) => key.slice(kind.length + 1));
  }

  /** Makes what a plugin provides. @throws Error that says which option is wrong, or that the id is unknown */
  async create<Kind extends PluginKind>(
    kind: Kind,
    id: string,
    options: Readonly<Record<string, unknown>>,
  ): Promise<Values[Kind]> {
    const { plugin, parsed } = this.checked(kind, id, options);
    return (await this.inTime(this.made(plugin, parsed), plugin)) as Values[Kind];
  }

  /** @throws Error that says which option is wrong, or that the id is unknown */
  checked(kind: PluginKind, id: string, options: Readonly<Record<string, unknown>>): Checked {
    const loaded = this.plugins.get(`${kind}/${id}`);
    if (loaded === undefined) throw new Error(this.unknown(kind, id));
    const { plugin } = loaded;
    const parsed = plugin.options.safeParse({ ...loaded.options, ...options });
    if (!parsed.success) throw new Error(`options of ${kind} "${id}": ${z.prettifyError(parsed.error)}`);
    return { plugin, parsed: parsed.data };
  }

  private async loadOne(source: PluginSource): Promise<void> {
    const begun = this.clock.now();
    let manifest: PluginManifest | undefined;
    try {
      const folder = locatePackage(source.package, [this.baseFolder, HERE]);
      manifest = readManifest(readFileSync(join(folder, 'package.json'), 'utf8'));
      checkApiVersion(manifest);
      this.register(await importPlugin(folder, manifest), manifest, source);
      this.reports.push(this.reportOf(source, manifest, begun));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.reports.push({ ...this.reportOf(source, manifest, begun), state: 'failed', error: message });
      if (!source.optional) throw new Error(`plugin ${source.package}: ${message}`, { cause: error });
      this.logger.warn('config', `optional plugin ${source.package} is not loaded: ${message}`);
    }
  }

  private register(plugin: Plugin, manifest: PluginManifest, source: PluginSource): void {
    const { kind, id } = manifest;
    if (plugin.kind !== kind || plugin.id !== id) {
      throw new Error(
        `its manifest says ${kind} "${id}", its code says ${plugin.kind} "${plugin.id}"; make them agree`,
      );
    }
    if (source.id !== undefined && source.id !== id)
      throw new Error(`the config expects id "${source.id}", it provides "${id}"`);
    const key = `${kind}/${id}`;
    if (this.plugins.has(key)) throw new Error(`${kind} "${id}" is loaded already; name each id once`);
    this.plugins.set(key, { plugin, options: source.options });
  }

  private reportOf(source: PluginSource, manifest: PluginManifest | undefined, begun: number): PluginReport {
    return {
      package: source.package,
      kind: manifest?.kind ?? null,
      id: manifest?.id ?? null,
      version: manifest?.version ?? null,
      state: 'loaded',
      tookMs: Math.round(this.clock.now() - begun),
    };
  }

  private unknown(kind: PluginKind, id: string): string {
    const known = this.ids(kind);
    const near = nearNames(id, known, 1)[0];
    const hint = near === undefined ? `loaded are: ${known.join(', ') || 'none'}` : `did you mean "${near}"?`;
    return `no ${kind} has the id "${id}"; ${hint}`;
  }

  /** @throws Error that names the plugin; what the plugin threw is its cause */
  private async made(plugin: Plugin, options: unknown): Promise<unknown> {
    try {
      return await plugin.create(options, this.contextFor(plugin));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`${plugin.kind} "${plugin.id}" was not created: ${message}`, { cause: error });
    }
  }

  private contextFor(plugin: Plugin): PluginContext {
    return {
      log: (level, message, fields) =>
        this.logger.log(level, 'plugin', message, { ...fields, plugin: plugin.id, kind: plugin.kind }),
    };
  }

  private async inTime<Value>(value: Promise<Value>, plugin: Plugin): Promise<Value> {
    let cancelTimer = () => {};
    const late = new Promise<never>((_, reject) => {
      const message = `${plugin.kind} "${plugin.id}" was not created within ${CREATE_MS} ms`;
      cancelTimer = this.clock.schedule(CREATE_MS, () => reject(new Error(message)));
    });
    try {
      return await Promise.race([value, late]);
    } finally {
      cancelTimer();
    }
  }
}

async function importPlugin(folder: string, manifest: PluginManifest): Promise<Plugin> {
  const module = (await import(pathToFileURL(join(folder, manifest.entry)).href)) as { default?: unknown };
  if (!isPlugin(module.default))
    throw new Error('its default export is no plugin; export what a define… function of the SDK returns');
  return module.default;
}

function isPlugin(value: unknown): value is Plugin {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, id, options, create } = value as Partial<Plugin>;
  return (
    typeof kind === 'string' &&
    typeof id === 'string' &&
    typeof create === 'function' &&
    typeof options?.safeParse === 'function'
  );
}
