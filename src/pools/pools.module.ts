import { Module } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { CatalogModule } from '../catalog/catalog.module.js';
import { Catalog } from '../catalog/catalog.js';
import { ModelFetches } from '../catalog/model-fetches.js';
import { ModelGate } from '../catalog/model-gate.js';
import { CONFIG } from '../config/config.module.js';
import { type Config } from '../config/index.js';
import { Clock } from '../kernel/clock.js';
import { Random } from '../kernel/random.js';
import { Logger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { Redactor } from '../observability/redactor.js';
import { PluginHost } from '../plugin-host/plugin-host.js';
import { PluginHostModule } from '../plugin-host/plugin-host.module.js';
import { showDevices } from './devices/device-telemetry.js';
import { Devices } from './devices/devices.js';
import { DevicesModule } from './devices/devices.module.js';
import { wantsProbe } from './devices/probe-choice.js';
import { newResidents } from './on-demand/new-residents.js';
import { OnDemandLauncher } from './on-demand/on-demand-launcher.js';
import { Residents } from './on-demand/residents.js';
import { LifecycleLog } from './lifecycle-log.js';
import { CatalogLauncher } from './models/catalog-launcher.js';
import { ModelLifecycle } from './models/model-lifecycle.js';
import { PoolModels } from './models/pool-models.js';
import { Pool } from './pool.js';
import { Pools, type PoolsPorts } from './pools.js';
import { ProvisioningModule } from './provisioning/provisioning.module.js';
import { CleanStart } from './provisioning/run/clean-start.js';
import { ProcessLauncher } from './provisioning/run/process-launcher.js';

@Module({
  imports: [PluginHostModule, ProvisioningModule, DevicesModule, CatalogModule],
  providers: [
    {
      provide: PoolModels,
      inject: [Catalog, ModelGate, ModelFetches],
      useFactory: (catalog: Catalog, gate: ModelGate, fetches: ModelFetches) => new PoolModels(catalog, gate, fetches),
    },
    {
      provide: ModelLifecycle,
      inject: [Catalog, Pools, ModelFetches, Logger],
      useFactory: (catalog: Catalog, pools: Pools, fetches: ModelFetches, logger: Logger) => {
        const lifecycle = new ModelLifecycle({ catalog, pools, logger });
        fetches.listen((entry) => lifecycle.arrived(entry));
        return lifecycle;
      },
    },
    { provide: Residents, inject: [CONFIG, Clock, Logger, Metrics, Devices], useFactory: newResidents },
    {
      provide: Pools,
      inject: [
        ...[CONFIG, PluginHost, Clock, Random, Logger, Metrics, CleanStart, ProcessLauncher, Residents, Devices],
        ...[AuditLog, Redactor, Catalog, ModelGate, PoolModels],
      ],
      useFactory: async (
        config: Config,
        plugins: PluginHost,
        clock: Clock,
        random: Random,
        logger: Logger,
        metrics: Metrics,
        cleanStart: CleanStart,
        processes: ProcessLauncher,
        residents: Residents,
        devices: Devices,
        audit: AuditLog,
        redactor: Redactor,
        catalog: Catalog,
        gate: ModelGate,
        models: PoolModels,
      ) => {
        await catalog.adoptAll(config.pools.map(({ model }) => model));
        const pools: Pool[] = [];
        for (const pool of config.pools) {
          const adapter = await plugins.create('engine-adapter', pool.engine, pool.options);
          pools.push(new Pool(await devices.fitted(pool), adapter, models.modelOf(pool.model)));
        }
        const started = cleanStart.before(new OnDemandLauncher(residents, devices.launcher(processes)));
        const launcher = new CatalogLauncher(gate, started, (pool) => processes.weightsOf(pool));
        const lifecycle = new LifecycleLog(audit, logger);
        const wouldFit: PoolsPorts['wouldFit'] = (pool, { endpoint }, gone) => devices.fits(pool, endpoint, gone);
        const ports = { clock, random, logger, metrics, launcher, lifecycle, redactor, models, wouldFit };
        const all = new Pools(pools, ports);
        devices.watch(pools, (pool, replica) => all.memoryChanged(pool, replica));
        if (wantsProbe(config)) showDevices(devices, metrics, pools);
        return all;
      },
    },
  ],
  exports: [Pools, Residents, ModelLifecycle, DevicesModule, CatalogModule],
})
export class PoolsModule {}
