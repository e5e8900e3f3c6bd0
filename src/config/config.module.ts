import { type DynamicModule, Global, Module } from '@nestjs/common';
import { type Config } from './schema.js';

/** Injection token of the {@link Config}. */
export const CONFIG = Symbol('Config');
/** Injection token of the folder that relative paths of the config start from. */
export const BASE_FOLDER = Symbol('base folder');

@Global()
@Module({})
export class ConfigModule {
  static with(config: Config, baseFolder: string): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: BASE_FOLDER, useValue: baseFolder },
      ],
      exports: [CONFIG, BASE_FOLDER],
    };
  }
}
