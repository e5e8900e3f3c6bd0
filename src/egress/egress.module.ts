import { type DynamicModule, Module, type OnApplicationShutdown } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { BASE_FOLDER, CONFIG } from '../config/config.module.js';
import { type Config } from '../config/index.js';
import { Clock } from '../kernel/clock.js';
import { Logger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { Redactor } from '../observability/redactor.js';
import { Policies } from '../policy-host/policies.js';
import { PolicyHostModule } from '../policy-host/policy-host.module.js';
import { PseudonymKey } from '../policy-host/pseudonym-key.js';
import { Egress } from './egress.js';
import { type EgressResult } from './egress-parts.js';
import { Network } from './guard/network.js';
import { OwnAddresses } from './guard/own-addresses.js';
import { newEgress } from './new-egress.js';

@Module({
  imports: [PolicyHostModule],
  providers: [
    {
      provide: OwnAddresses,
      inject: [CONFIG],
      useFactory: ({ server }: Config) => {
        const own = new OwnAddresses();
        if (server.advertised_url !== undefined) own.isReachedBy(server.advertised_url);
        return own;
      },
    },
    {
      provide: Egress,
      inject: [
        ...[CONFIG, BASE_FOLDER, OwnAddresses, Policies, PseudonymKey, AuditLog, Redactor, Clock, Logger, Metrics],
        { token: Network, optional: true },
      ],
      useFactory: (
        config: Config,
        baseFolder: string,
        own: OwnAddresses,
        policies: Policies,
        { bytes: key }: PseudonymKey,
        audit: AuditLog,
        redactor: Redactor,
        clock: Clock,
        logger: Logger,
        metrics: Metrics,
        network?: Network,
      ) => {
        const count = (result: EgressResult) => metrics.egressRequests.inc({ result });
        const around = { own, policies, key, audit, redactor, clock, logger, count };
        return newEgress(config, baseFolder, { ...around, ...network, policies: network?.policies ?? policies });
      },
    },
  ],
  exports: [Egress, OwnAddresses],
})
export class EgressModule implements OnApplicationShutdown {
  /** A network of one's own, for the whole application. */
  static on(network: Network | undefined): DynamicModule[] {
    if (network === undefined) return [];
    return [
      { module: OwnNetwork, global: true, providers: [{ provide: Network, useValue: network }], exports: [Network] },
    ];
  }

  constructor(private readonly egress: Egress) {}

  /** After the last request was answered. */
  onApplicationShutdown(): Promise<void> {
    return this.egress.close();
  }
}

@Module({})
class OwnNetwork {}
