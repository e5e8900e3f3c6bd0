import 'reflect-metadata';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuditLog } from './audit/audit-log.js';
import { ConfigModule } from './config/config.module.js';
import { type Config, type Environment } from './config/index.js';
import { Egress } from './egress/egress.js';
import { EgressModule } from './egress/egress.module.js';
import { KernelModule } from './kernel/kernel.module.js';
import { SOFTWARE_VERSION } from './kernel/version.js';
import { Logger } from './observability/logger.js';
import { ObservabilityModule } from './observability/observability.module.js';
import { DownloadRecord } from './pools/provisioning/prepare/download-record.js';
import { redactorOf } from './secrets.js';

/** Where a command works. */
export interface Surroundings {
  readonly config: Config;
  readonly baseFolder: string;
  readonly env: Environment;
}

/** Lends the way out that a daemon with this configuration would have, policies included. */
export async function withEgress(
  surroundings: Surroundings & { readonly record: (line: string) => void },
  work: (egress: Egress) => Promise<void>,
): Promise<void> {
  const room = RoomOfCommands.with(surroundings);
  const nest = await NestFactory.createApplicationContext(room, { logger: false, abortOnError: false });
  try {
    await work(nest.get(Egress));
  } finally {
    await nest.close();
  }
}

@Module({})
class RoomOfCommands {
  static with({ config, baseFolder, env, record }: Parameters<typeof withEgress>[0]): DynamicModule {
    return {
      module: RoomOfCommands,
      imports: [
        KernelModule,
        ConfigModule.with(config, baseFolder),
        ObservabilityModule.with(new RecordedLog(record), redactorOf(config, env), SOFTWARE_VERSION),
        {
          module: Records,
          global: true,
          providers: [{ provide: AuditLog, useValue: new DownloadRecord(record) }],
          exports: [AuditLog],
        },
        EgressModule,
      ],
    };
  }
}

@Module({})
class Records {}

/** Warnings belong to the record of the provisioning: standard output is the answer. */
class RecordedLog extends Logger {
  constructor(private readonly record: (line: string) => void) {
    super();
  }

  override log(level: string, event: string, message: string): void {
    if (level === 'warn' || level === 'error') this.record(`${event}: ${message}`);
  }

  override flush(): Promise<boolean> {
    return Promise.resolve(true);
  }
}
