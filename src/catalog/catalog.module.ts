import { type BeforeApplicationShutdown, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { BASE_FOLDER, CONFIG } from '../config/config.module.js';
import { type Config } from '../config/index.js';
import { Egress } from '../egress/egress.js';
import { EgressModule } from '../egress/egress.module.js';
import { Clock } from '../kernel/clock.js';
import { Logger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { PluginHost } from '../plugin-host/plugin-host.js';
import { PluginHostModule } from '../plugin-host/plugin-host.module.js';
import { CatalogStore, EntryFiles } from './catalog-store.js';
import { Catalog } from './catalog.js';
import { Digests } from './digests.js';
import { Entrance } from './entrance.js';
import { EntryTrust } from './entry-trust.js';
import { Evidence } from './evidence.js';
import { Fetches } from './fetch/fetches.js';
import { weightsFolder } from './folders.js';
import { ModelFetches } from './model-fetches.js';
import { ModelGate } from './model-gate.js';
import { showModelStates } from './model-gauges.js';
import { newFetches } from './new-fetches.js';
import { Quarantine } from './quarantine.js';
import { Removals } from './removals.js';
import { configuredAnchors } from './trust/configured-anchors.js';
import { UnaskedDigests } from './unasked-digests.js';
import { Verifications } from './verifications.js';
import { Weights } from './weights.js';

const HOUR_MS = 3_600_000;

@Module({
  imports: [EgressModule, PluginHostModule],
  providers: [
    {
      provide: Catalog,
      inject: [CONFIG, Clock, CatalogStore, EntryFiles, Metrics],
      useFactory: async (config: Config, clock: Clock, store: CatalogStore, files: EntryFiles, metrics: Metrics) => {
        const graceMs = config.catalog.delete_grace_hours * HOUR_MS;
        const catalog = await Catalog.open({ clock, store, files, graceMs });
        showModelStates(catalog, metrics);
        return catalog;
      },
    },
    {
      provide: Fetches,
      inject: [CONFIG, BASE_FOLDER, Egress, PluginHost, Clock, Logger],
      useFactory: (
        config: Config,
        baseFolder: string,
        egress: Egress,
        plugins: PluginHost,
        clock: Clock,
        logger: Logger,
      ) => newFetches(config, weightsFolder(config, baseFolder, process.env), { egress, plugins, clock, logger }),
    },
    {
      provide: Weights,
      inject: [CONFIG, BASE_FOLDER, Fetches],
      useFactory: (config: Config, baseFolder: string, fetches: Fetches) =>
        new Weights(weightsFolder(config, baseFolder, process.env), fetches),
    },
    { provide: Digests, inject: [CatalogStore], useFactory: (store: CatalogStore) => new Digests(store) },
    {
      provide: EntryTrust,
      inject: [CONFIG, BASE_FOLDER, Clock],
      useFactory: ({ catalog }: Config, baseFolder: string, clock: Clock) => {
        const { mode, allowed_registries, require_signature, require_sbom } = catalog.trust_policy;
        const policy = {
          ...{ mode, allowedRegistries: allowed_registries },
          ...(require_signature === undefined ? {} : { requireSignature: require_signature }),
          ...(require_sbom === undefined ? {} : { requireSbom: require_sbom }),
        };
        return new EntryTrust(policy, new Evidence(configuredAnchors(catalog.trust_policy, baseFolder), clock));
      },
    },
    {
      provide: Entrance,
      inject: [Catalog, Weights, Digests, EntryTrust, Logger],
      useFactory: (catalog: Catalog, weights: Weights, digests: Digests, trust: EntryTrust, logger: Logger) =>
        new Entrance({ catalog, weights, digests, trust, logger }),
    },
    {
      provide: Quarantine,
      inject: [Catalog, Fetches, Logger],
      useFactory: (catalog: Catalog, fetches: Fetches, logger: Logger) => new Quarantine(catalog, fetches, logger),
    },
    {
      provide: UnaskedDigests,
      inject: [Catalog, Digests, Logger],
      useFactory: (catalog: Catalog, digests: Digests, logger: Logger) =>
        new UnaskedDigests({ catalog, digests, logger }),
    },
    {
      provide: ModelGate,
      inject: [Catalog, Weights, Digests, UnaskedDigests, EntryTrust, Quarantine, Fetches, Logger],
      useFactory: (
        catalog: Catalog,
        weights: Weights,
        digests: Digests,
        unasked: UnaskedDigests,
        trust: EntryTrust,
        quarantine: Quarantine,
        fetches: Fetches,
        logger: Logger,
      ) => new ModelGate({ catalog, weights, digests, unasked, trust, quarantine, fetches, logger }),
    },
    {
      provide: ModelFetches,
      inject: [CONFIG, Catalog, Weights, Fetches, EntryTrust, Clock, Logger],
      useFactory: (
        { catalog: { auto_fetch: isAutomatic } }: Config,
        catalog: Catalog,
        weights: Weights,
        fetches: Fetches,
        trust: EntryTrust,
        clock: Clock,
        logger: Logger,
      ) => new ModelFetches({ catalog, weights, fetches, trust, clock, logger, isAutomatic }),
    },
    {
      provide: Verifications,
      inject: [Clock, Logger, Metrics, Catalog, Weights, Digests, EntryTrust, Quarantine],
      useFactory: (
        clock: Clock,
        logger: Logger,
        metrics: Metrics,
        catalog: Catalog,
        weights: Weights,
        digests: Digests,
        trust: EntryTrust,
        quarantine: Quarantine,
      ) => new Verifications({ clock, logger, metrics, catalog, weights, digests, trust, quarantine }),
    },
    {
      provide: Removals,
      inject: [Clock, Logger, Catalog, CatalogStore, EntryFiles, Fetches],
      useFactory: (
        clock: Clock,
        logger: Logger,
        catalog: Catalog,
        store: CatalogStore,
        files: EntryFiles,
        fetches: Fetches,
      ) => new Removals({ clock, logger, catalog, store, files, fetches }),
    },
  ],
  exports: [Catalog, Entrance, Fetches, Weights, EntryTrust, ModelGate, ModelFetches, Verifications, Removals],
})
export class CatalogModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly catalog: Catalog,
    private readonly fetches: Fetches,
    private readonly removals: Removals,
    private readonly verifications: Verifications,
    private readonly unasked: UnaskedDigests,
  ) {}

  onApplicationBootstrap(): void {
    this.fetches.protect((digest) => this.catalog.all.some((entry) => entry.digest === digest));
    this.removals.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.removals.stop();
    await Promise.all([this.verifications.stop(), this.unasked.close(), this.fetches.close()]);
  }
}
