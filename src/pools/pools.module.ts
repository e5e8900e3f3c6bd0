import { Module } from '@nestjs/common';
import { CONFIG } from '../config/config.module.js';
import { type Config } from '../config/index.js';
import { Clock } from '../kernel/clock.js';
import { Random } from '../kernel/random.js';
import { Logger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { PluginHost } from '../plugin-host/plugin-host.js';
import { PluginHostModule } from '../plugin-host/plugin-host.module.js';
import { NOTHING_TO_LAUNCH } from './launch.js';
import { Pool } from './pool.js';
import { Pools } from './pools.js';

@Module({
  imports: [PluginHostModule],
  providers: [
    {
      provide: Pools,
      inject: [CONFIG, PluginHost, Clock, Random, Logger, Metrics],
      useFactory: async (
        config: Config,
        plugins: PluginHost,
        clock: Clock,
        random: Random,
        logger: Logger,
        metrics: Metrics,
      ) => {
        const pools: Pool[] = [];
        for (const pool of config.pools) {
          pools.push(new Pool(pool, await plugins.create('engine-adapter', pool.engine, pool.options)));
        }
        return new Pools(pools, { clock, random, logger, metrics, launcher: NOTHING_TO_LAUNCH });
      },
    },
  ],
  exports: [Pools],
})
export class PoolsModule {}
