import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule } from './config/config.module.js';
import { type Config } from './config/index.js';
import { EgressModule } from './egress/egress.module.js';
import { type Network } from './egress/guard/network.js';
import { HttpModule } from './http/http.module.js';
import { KernelModule } from './kernel/kernel.module.js';
import { type Logger } from './observability/logger.js';
import { type Redactor } from './observability/redactor.js';
import { ObservabilityModule } from './observability/observability.module.js';
import { PersistenceModule } from './persistence/persistence.module.js';

export interface AppOptions {
  readonly config: Config;
  /** Where relative paths of the config start. */
  readonly baseFolder: string;
  readonly logger: Logger;
  /** Knows the secrets; the same that the logger has. */
  readonly redactor: Redactor;
  readonly version: string;
  /** Instead of the real one: where names lead for the calls of tools. */
  readonly network?: Network;
}

/** All rooms, in the order in which a request meets them from below. */
@Module({})
export class AppModule {
  static with({ config, baseFolder, logger, redactor, version, network }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        KernelModule,
        ConfigModule.with(config, baseFolder),
        ObservabilityModule.with(logger, redactor, version),
        PersistenceModule,
        ...EgressModule.on(network),
        EgressModule,
        HttpModule.with(config),
      ],
    };
  }
}
