import { Module } from '@nestjs/common';
import { BASE_FOLDER, CONFIG } from '../config/config.module.js';
import { type Config } from '../config/index.js';
import { Clock } from '../kernel/clock.js';
import { Logger } from '../observability/logger.js';
import { FIRST_PARTY } from './first-party.js';
import { PluginHost } from './plugin-host.js';

@Module({
  providers: [
    {
      provide: PluginHost,
      inject: [CONFIG, BASE_FOLDER, Clock, Logger],
      useFactory: async (config: Config, baseFolder: string, clock: Clock, logger: Logger) => {
        const host = new PluginHost(clock, logger, baseFolder);
        await host.load([...FIRST_PARTY, ...config.plugins]);
        return host;
      },
    },
  ],
  exports: [PluginHost],
})
export class PluginHostModule {}
