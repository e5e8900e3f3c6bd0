import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ModelSource, type SourceFile } from '@llama-orch/plugin-sdk';
import { Downloads, type DownloadsPorts } from '../../src/catalog/fetch/downloads.js';
import { type FetchOrder, type LocalModel } from '../../src/catalog/fetch/local-model.js';
import { Sources } from '../../src/catalog/fetch/sources.js';
import { WeightsCache } from '../../src/catalog/fetch/weights-cache.js';
import { RowsInMemory } from '../../src/egress/attack/rows-in-memory.js';
import { type Egress } from '../../src/egress/egress.js';
import { SystemClock } from '../../src/kernel/clock.js';
import { downloadEgress } from './download-egress.js';
import { ModelServer } from './model-server.js';
import { QuietLogger } from './quiet-logger.js';
import { eventually } from './eventually.js';

export const NEVER: AbortSignal = new AbortController().signal;

/** What the source of the rig tells of a ref. */
export interface Told {
  readonly files: readonly (Pick<SourceFile, 'path' | 'sizeBytes' | 'digest'> & { readonly url: string })[];
  readonly revision?: string;
}

/** Downloads into a folder of its own, from a server of its own, through the real egress. */
export class FetchRig {
  readonly logger = new QuietLogger();
  readonly told = new Map<string, Told>();
  downloads!: Downloads;

  private constructor(
    readonly server: ModelServer,
    readonly folder: string,
    readonly egress: Egress,
    readonly audit: RowsInMemory,
    private limits: Partial<DownloadsPorts['limits']>,
    private readonly clock: DownloadsPorts['clock'],
    readonly cache: WeightsCache,
  ) {}

  static async open(
    limits: Partial<DownloadsPorts['limits']> = {},
    { egress = {}, clock = new SystemClock(), folder = mkdtempSync(join(tmpdir(), 'llama-orch-weights-')) } = {},
  ): Promise<FetchRig> {
    const server = await ModelServer.start();
    const audit = new RowsInMemory();
    const door = downloadEgress({ allow_private: true, ports: [server.port], ...egress }, audit);
    const rig = new FetchRig(server, folder, door, audit, limits, clock, new WeightsCache(folder));
    await rig.restart();
    return rig;
  }

  /** As after a restart of the daemon: what was in memory is gone. */
  async restart(limits: Partial<DownloadsPorts['limits']> = {}): Promise<void> {
    await this.downloads?.close();
    this.limits = { ...this.limits, ...limits };
    this.downloads = await Downloads.open({
      ...{ sources: new Sources({ rig: this.source }), egress: this.egress, cache: this.cache },
      ...{ clock: this.clock, logger: this.logger },
      limits: {
        ...{ parallel: 2, retries: 0, retryMs: 1, checkpointBytes: 64 * 1024, reserveBytes: 0, cacheMaxBytes: 0 },
        ...this.limits,
      },
    });
  }

  /** A ref to one file on the server; `more` is what the source tells of it. */
  one(url: string, more: Partial<Told['files'][number]> = {}): string {
    const path = more.path ?? new URL(url).pathname.slice(1);
    const ref = `rig:${path}`;
    this.told.set(ref, { files: [{ path, url, ...more }] });
    return ref;
  }

  ensure(ref: string, more: Partial<FetchOrder> = {}, signal: AbortSignal = NEVER): Promise<LocalModel> {
    return this.downloads.ensure({ ref, ...more }, signal);
  }

  /** Until it gives the model, at most so many times, with a restart before each further time. */
  async untilFetched(ref: string, times: number): Promise<LocalModel> {
    for (let left = times; ; left -= 1) {
      try {
        return await this.ensure(ref);
      } catch (error) {
        if (left === 0) throw error;
        await this.restart();
      }
    }
  }

  /** Bytes of bodies that came through the door, whole or cut. */
  get bytesIn(): number {
    const answers = this.audit.entries.filter(({ action }) => action === 'download.response');
    return answers.reduce((sum, { bytes_in: bytes = 0 }) => sum + (bytes ?? 0), 0);
  }

  names(folder: string): readonly string[] {
    return readdirSync(join(this.folder, folder)).sort();
  }

  /** Waits until nothing is under way any more. */
  async isQuiet(): Promise<void> {
    await eventually(() => {
      if (this.downloads.list().some(({ state }) => !['done', 'failed', 'cancelled'].includes(state)))
        throw new Error('a fetch is still under way');
    });
  }

  async close(): Promise<void> {
    await this.downloads.close();
    await this.egress.close();
    await this.server.close();
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true, force: true });
  }

  private get source(): ModelSource {
    return {
      schemes: ['rig'],
      resolve: async (ref) => {
        const { files, revision } = this.told.get(ref)!;
        return {
          ...{ pinnedRef: ref, registry: '127.0.0.1', ...(revision === undefined ? {} : { revision }) },
          files: files.map(({ url, ...file }) => ({ ...file, place: { type: 'remote', ask: () => ({ url }) } })),
        };
      },
    };
  }
}
