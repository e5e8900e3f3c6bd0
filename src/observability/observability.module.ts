import { type DynamicModule, Global, Module } from '@nestjs/common';
import { watchEventLoop } from './event-loop.js';
import { Logger } from './logger.js';
import { Metrics } from './metrics.js';

@Global()
@Module({})
export class ObservabilityModule {
  static with(logger: Logger, version: string): DynamicModule {
    return {
      module: ObservabilityModule,
      providers: [
        { provide: Logger, useValue: logger },
        { provide: Metrics, useFactory: () => newMetrics(version) },
      ],
      exports: [Logger, Metrics],
    };
  }
}

function newMetrics(version: string): Metrics {
  const metrics = new Metrics();
  metrics.buildInfo.set({ version }, 1);
  watchEventLoop(metrics);
  return metrics;
}
