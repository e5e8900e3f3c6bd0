import { fitMostFree } from '@llama-orch/plugin-sdk';
import { Module } from '@nestjs/common';
import { CONFIG } from '../../config/config.module.js';
import { type Config } from '../../config/index.js';
import { Clock } from '../../kernel/clock.js';
import { Logger } from '../../observability/logger.js';
import { PluginHost } from '../../plugin-host/plugin-host.js';
import { PluginHostModule } from '../../plugin-host/plugin-host.module.js';
import { Devices } from './devices.js';
import { GpuInventory } from './gpu-inventory.js';
import { readHostMemory } from './host-memory.js';
import { descendsFromDaemon } from './own-processes.js';
import { ProbeChoice, wantsProbe } from './probe-choice.js';

@Module({
  imports: [PluginHostModule],
  providers: [
    {
      provide: Devices,
      inject: [CONFIG, PluginHost, Clock, Logger],
      useFactory: async (config: Config, plugins: PluginHost, clock: Clock, logger: Logger) => {
        const choice = new ProbeChoice(config.gpu, plugins, logger);
        choice.check();
        const inventory = new GpuInventory({ clock, logger, open: () => choice.open() }, config.gpu.interval_ms);
        const strategy = await plugins.create('placement-strategy', config.scheduler.placement, {});
        const fit = strategy.fit?.bind(strategy) ?? fitMostFree;
        const devices = new Devices({ clock, logger, inventory, fit, readHostMemory, isOurs: descendsFromDaemon });
        if (wantsProbe(config)) await devices.start();
        return devices;
      },
    },
  ],
  exports: [Devices],
})
export class DevicesModule {}
