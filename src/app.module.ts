import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule } from './config/config.module.js';
import { type Config } from './config/index.js';
import { HttpModule } from './http/http.module.js';
import { KernelModule } from './kernel/kernel.module.js';
import { type Logger } from './observability/logger.js';
import { ObservabilityModule } from './observability/observability.module.js';
import { PersistenceModule } from './persistence/persistence.module.js';

export interface AppOptions {
  readonly config: Config;
  /** Where relative paths of the config start. */
  readonly baseFolder: string;
  readonly logger: Logger;
  readonly version: string;
}

/** All rooms, in the order in which a request meets them from below. */
@Module({})
export class AppModule {
  static with({ config, baseFolder, logger, version }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        KernelModule,
        ConfigModule.with(config, baseFolder),
        ObservabilityModule.with(logger, version),
        PersistenceModule,
        HttpModule.with(config),
      ],
    };
  }
}
