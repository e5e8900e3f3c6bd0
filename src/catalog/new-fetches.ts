import { type ModelSource } from '@llama-orch/plugin-sdk';
import { type Config } from '../config/index.js';
import { type Egress } from '../egress/egress.js';
import { type Clock } from '../kernel/clock.js';
import { type Logger } from '../observability/logger.js';
import { type PluginHost } from '../plugin-host/plugin-host.js';
import { Downloads } from './fetch/downloads.js';
import { Sources } from './fetch/sources.js';
import { WeightsCache } from './fetch/weights-cache.js';

const CHECKPOINT_BYTES = 64 * 1024 * 1024;

export interface FetchesParts {
  readonly egress: Egress;
  readonly plugins: PluginHost;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The fetches of a configuration, with every model source that is loaded. `folder` is that of the weights. */
export async function newFetches(
  { catalog }: Config,
  folder: string,
  { egress, plugins, clock, logger }: FetchesParts,
): Promise<Downloads> {
  const sources: Record<string, ModelSource> = {};
  for (const id of plugins.ids('model-source'))
    sources[id] = await plugins.create('model-source', id, catalog.sources[id] ?? {});
  const { parallel, retries, retry_ms: retryMs, reserve_bytes: reserveBytes } = catalog.fetch;
  const limits = {
    ...{ parallel, retries, retryMs, reserveBytes, checkpointBytes: CHECKPOINT_BYTES },
    cacheMaxBytes: catalog.cache_max_bytes,
  };
  return Downloads.open({
    sources: new Sources(sources),
    egress,
    cache: new WeightsCache(folder),
    clock,
    logger,
    limits,
  });
}
