import { Module } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
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
import { Pool } from './pool.js';
import { Pools } from './pools.js';
import { ProvisioningModule } from './provisioning/provisioning.module.js';
import { CleanStart } from './provisioning/run/clean-start.js';
import { ProcessLauncher } from './provisioning/run/process-launcher.js';

@Module({
  imports: [PluginHostModule, ProvisioningModule, DevicesModule],
  providers: [
    { provide: Residents, inject: [CONFIG, Clock, Logger, Metrics, Devices], useFactory: newResidents },
    {
      provide: Pools,
      inject: [
        ...[CONFIG, PluginHost, Clock, Random, Logger, Metrics, CleanStart, ProcessLauncher, Residents, Devices],
        AuditLog,
        Redactor,
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
      ) => {
        const pools: Pool[] = [];
        for (const pool of config.pools) {
          pools.push(
            new Pool(await devices.fitted(pool), await plugins.create('engine-adapter', pool.engine, pool.options)),
          );
        }
        const launcher = cleanStart.before(new OnDemandLauncher(residents, devices.launcher(processes)));
        const lifecycle = new LifecycleLog(audit, logger);
        const all = new Pools(pools, { clock, random, logger, metrics, launcher, lifecycle, redactor });
        devices.watch(pools, (pool, replica) => all.memoryChanged(pool, replica));
        if (wantsProbe(config)) showDevices(devices, metrics, pools);
        return all;
      },
    },
  ],
  exports: [Pools, Residents, DevicesModule],
})
export class PoolsModule {}
