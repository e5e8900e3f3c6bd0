import { Module } from '@nestjs/common';
import { CONFIG } from '../config/config.module.js';
import { type Config } from '../config/index.js';
import { Clock } from '../kernel/clock.js';
import { Logger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { SessionStore } from './session-store.js';
import { SessionTelemetry } from './session-telemetry.js';
import { Sessions } from './sessions.js';
import { Tariff } from './tariff.js';

/** Its store comes from the application: where sessions are kept is no matter of this room. */
@Module({
  providers: [
    {
      provide: Sessions,
      inject: [CONFIG, Clock, SessionStore, Metrics, Logger],
      useFactory: (
        { sessions, budgets }: Config,
        clock: Clock,
        store: SessionStore,
        metrics: Metrics,
        logger: Logger,
      ) => {
        const tariff = new Tariff(budgets);
        const limits = { ttlMs: sessions.ttl_ms, maxTurns: sessions.max_turns };
        return new Sessions({
          ...{ clock, store, tariff, limits },
          telemetry: new SessionTelemetry(metrics, logger, tariff.isActive),
        });
      },
    },
  ],
  exports: [Sessions],
})
export class SessionsModule {}
