import { Module } from '@nestjs/common';
import { CONFIG } from '../config/config.module.js';
import { type Config } from '../config/index.js';
import { Clock } from '../kernel/clock.js';
import { Logger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { Redactor } from '../observability/redactor.js';
import { ArtifactRows } from './artifact-rows.js';
import { ArtifactTelemetry } from './artifact-telemetry.js';
import { Artifacts } from './artifacts.js';
import { Blobs } from './blobs.js';
import { Collector } from './collector.js';
import { Holds } from './holds.js';
import { Quota } from './quota.js';

const MINUTE_MS = 60_000;

@Module({
  providers: [
    { provide: Holds, useFactory: () => new Holds() },
    {
      provide: ArtifactTelemetry,
      inject: [Metrics, Logger],
      useFactory: (metrics: Metrics, logger: Logger) => new ArtifactTelemetry(metrics, logger),
    },
    {
      provide: Artifacts,
      inject: [CONFIG, ArtifactRows, Blobs, Holds, Clock, Redactor, ArtifactTelemetry],
      useFactory: (
        { artifacts }: Config,
        rows: ArtifactRows,
        blobs: Blobs,
        holds: Holds,
        clock: Clock,
        redactor: Redactor,
        telemetry: ArtifactTelemetry,
      ) => {
        const quota = new Quota(artifacts.tenant_max_bytes, rows);
        return new Artifacts({ rows, blobs, holds, quota, clock, redactor, telemetry });
      },
    },
    {
      provide: Collector,
      inject: [CONFIG, ArtifactRows, Blobs, Holds, Clock, ArtifactTelemetry],
      useFactory: (
        { artifacts: { retention } }: Config,
        rows: ArtifactRows,
        blobs: Blobs,
        holds: Holds,
        clock: Clock,
        telemetry: ArtifactTelemetry,
      ) =>
        new Collector(
          { rows, blobs, holds, clock, telemetry },
          {
            maxAgeDays: retention.max_age_days,
            traceMaxAgeDays: retention.trace_max_age_days,
            maxTotalBytes: retention.max_total_bytes,
            intervalMs: retention.gc_minutes * MINUTE_MS,
            graceMs: retention.gc_grace_ms,
          },
        ),
    },
  ],
  exports: [Artifacts, Collector],
})
export class ArtifactsModule {}
