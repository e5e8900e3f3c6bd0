import { Module } from '@nestjs/common';
import { BASE_FOLDER, CONFIG } from '../../config/config.module.js';
import { type Config, dataFolder } from '../../config/index.js';
import { Clock } from '../../kernel/clock.js';
import { Logger } from '../../observability/logger.js';
import { type Places, placesOf } from './places.js';
import { CleanStart } from './run/clean-start.js';
import { ProcessLauncher } from './run/process-launcher.js';

const PLACES = Symbol('places');

@Module({
  providers: [
    {
      provide: PLACES,
      inject: [CONFIG, BASE_FOLDER],
      useFactory: ({ storage }: Config, baseFolder: string) =>
        placesOf(dataFolder(storage.data_dir, baseFolder, process.env), process.env),
    },
    {
      provide: ProcessLauncher,
      inject: [PLACES, Clock, Logger],
      useFactory: (places: Places, clock: Clock, logger: Logger) =>
        new ProcessLauncher({ clock, logger, places, env: process.env }),
    },
    {
      provide: CleanStart,
      inject: [PLACES, Clock, Logger],
      useFactory: ({ engines }: Places, clock: Clock, logger: Logger) => new CleanStart({ clock, logger, engines }),
    },
  ],
  exports: [CleanStart, ProcessLauncher],
})
export class ProvisioningModule {}
