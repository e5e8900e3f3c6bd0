import { type ModelSource, type ModelSourcePlugin, type SourceCall } from '../../contracts/source.js';
import { describeKit, type Kit, type TestRunner } from '../kit.js';
import { createPlugin, pluginChecks, type PluginSubject } from '../plugin-checks.js';
import { type FarSide, sourceChecks } from './source-checks.js';

/** A model that a fixture offers, and what a source has to tell of it. */
export interface OfferedModel {
  /** What an operator writes. */
  readonly ref: string;
  /** Bytes of each file by its path. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Where the far side tells it. */
  readonly revision?: string;
  readonly registry: string;
  /** True: the far side tells the digests of these files. */
  readonly tellsDigests: boolean;
}

/** A far side that runs while the kit does: a server of the source's own protocol, or a folder. */
export interface SourceServer {
  /** Options of the plugin that lead to it, as an operator writes them. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly model: OfferedModel;
  /** A ref of the right form that leads to nothing. */
  readonly missingRef: string;
  /** Refs of the scheme that are malformed. */
  readonly malformedRefs: readonly string[];
  /** Makes the far side ask for a key from now on that the options do not have. Absent: it has no keys. */
  lock?(): void;
  /** What it was asked with; secrets included. Absent: nothing is asked. */
  readonly calls?: readonly { readonly url: string; readonly headers: Readonly<Record<string, unknown>> }[];
  close(): Promise<void>;
}

export interface SourceFixture {
  readonly startServer: () => Promise<SourceServer>;
}

export interface SourceSubject extends PluginSubject {
  readonly source: ModelSource;
  readonly server: SourceServer;
  readonly farSide: FarSide;
}

export function sourceKit<Options>(
  plugin: ModelSourcePlugin<Options>,
  { startServer }: SourceFixture,
): Kit<SourceSubject> {
  return {
    title: `model source ${plugin.id}`,
    checks: [...pluginChecks, ...sourceChecks],
    open: async () => {
      const server = await startServer();
      const source = await createPlugin(plugin, server.options);
      const calls: SourceCall[] = [];
      return { plugin, options: server.options, source, server, farSide: { calls } };
    },
    close: ({ server }) => server.close(),
  };
}

/** Declares one test per demand of the contract of model sources. */
export function describeModelSource<Options>(
  plugin: ModelSourcePlugin<Options>,
  fixture: SourceFixture,
  runner?: TestRunner,
): void {
  describeKit(sourceKit(plugin, fixture), runner);
}
