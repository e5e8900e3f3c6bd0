import { join } from 'node:path';
import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { BASE_FOLDER, CONFIG } from '../config/config.module.js';
import { askedPolicies, type Config, dataFolder, isUnguarded, policyProfile } from '../config/index.js';
import { Clock } from '../kernel/clock.js';
import { Logger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { PERSONAL_PATTERNS, SECRET_PATTERNS } from '../observability/sensitive.js';
import { ModuleArchive } from './loading/module-archive.js';
import { PolicyHost } from './loading/policy-host.js';
import { WorkerPreparer } from './loading/preparation.js';
import { trustOf } from './loading/trust.js';
import { ALLOW_ALL } from './native-policy.js';
import { isPageCapSet, PAGE_CAP_MISSING } from './page-cap.js';
import { Policies } from './policies.js';
import { PolicyNews } from './policy-news.js';
import { PolicyTelemetry } from './policy-telemetry.js';
import { PseudonymKey, pseudonymKeyIn } from './pseudonym-key.js';
import { SandboxPool } from './sandbox/pool/sandbox-pool.js';

/** Below the data folder. */
const ARCHIVE = 'policies';
const KEYS = 'keys';

@Module({
  providers: [
    PolicyNews,
    {
      provide: PseudonymKey,
      inject: [CONFIG, BASE_FOLDER],
      useFactory: ({ storage }: Config, baseFolder: string) =>
        pseudonymKeyIn(join(dataFolder(storage.data_dir, baseFolder, process.env), KEYS)),
    },
    {
      provide: Policies,
      inject: [CONFIG, BASE_FOLDER, Clock, Logger, Metrics, PolicyNews, PseudonymKey],
      useFactory: (
        config: Config,
        baseFolder: string,
        clock: Clock,
        logger: Logger,
        metrics: Metrics,
        news: PolicyNews,
        { bytes: key }: PseudonymKey,
      ) => {
        const { policy, storage } = config;
        const entries = askedPolicies(config);
        const denyWithoutPolicy = policyProfile(config) === 'production';
        if (isUnguarded(config)) logger.warn('policy', UNGUARDED);
        const isSandboxed = entries.some(({ builtin }) => builtin !== ALLOW_ALL.name);
        if (isSandboxed && !isPageCapSet()) logger.warn('policy', PAGE_CAP_MISSING);
        const rules = { patterns: [...SECRET_PATTERNS, ...PERSONAL_PATTERNS], key };
        const { workers, deadline_ms: deadlineMs, admission_deadline_ms: admissionDeadlineMs } = policy;
        return PolicyHost.open({
          entries,
          baseFolder,
          denyWithoutPolicy,
          watch: policy.watch,
          trust: trustOf(policy, baseFolder),
          preparer: new WorkerPreparer(clock),
          sandbox: () =>
            new SandboxPool({
              clock,
              rules,
              deadlineMs,
              admissionDeadlineMs,
              ...(workers !== undefined && { workers }),
            }),
          archive: new ModuleArchive(join(dataFolder(storage.data_dir, baseFolder, process.env), ARCHIVE)),
          clock,
          telemetry: entries.length === 0 ? undefined : new PolicyTelemetry(metrics, logger),
          news,
        });
      },
    },
  ],
  exports: [Policies, PolicyNews, PseudonymKey],
})
export class PolicyHostModule implements OnApplicationShutdown {
  constructor(private readonly policies: Policies) {}

  /** After the last request was answered. */
  onApplicationShutdown(): Promise<void> {
    return this.policies.close();
  }
}

const UNGUARDED =
  'no policy is configured, so allow-all lets tool calls go wherever the egress guard does; name policies, or set policy.profile: production';
