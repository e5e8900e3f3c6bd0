import { type DynamicModule, Global, Module } from '@nestjs/common';
import { watchEventLoop } from './event-loop.js';
import { Logger } from './logger.js';
import { Metrics } from './metrics.js';
import { Redactor } from './redactor.js';

@Global()
@Module({})
export class ObservabilityModule {
  static with(logger: Logger, redactor: Redactor, version: string): DynamicModule {
    return {
      module: ObservabilityModule,
      providers: [
        { provide: Logger, useValue: logger },
        { provide: Redactor, useValue: redactor },
        { provide: Metrics, useFactory: () => newMetrics(version) },
      ],
      exports: [Logger, Redactor, Metrics],
    };
  }
}

function newMetrics(version: string): Metrics {
  const metrics = new Metrics();
  metrics.buildInfo.set({ version }, 1);
  watchEventLoop(metrics);
  return metrics;
}
