import { Module } from '@nestjs/common';
import { type SearchProvider } from '@llama-orch/plugin-sdk';
import { AuditLog } from '../audit/audit-log.js';
import { BASE_FOLDER, CONFIG } from '../config/config.module.js';
import { type Config } from '../config/index.js';
import { Egress } from '../egress/egress.js';
import { EgressModule } from '../egress/egress.module.js';
import { Clock } from '../kernel/clock.js';
import { newDecisionId } from '../kernel/ids.js';
import { Redactor } from '../observability/redactor.js';
import { PluginHost } from '../plugin-host/plugin-host.js';
import { PluginHostModule } from '../plugin-host/plugin-host.module.js';
import { AnswerCache } from './answer-cache.js';
import { CallUsage } from './call-usage.js';
import { HttpTool } from './http-tool.js';
import { SearchTool } from './search-tool.js';
import { SecretHosts } from './secret-hosts.js';
import { Secrets } from './secrets.js';

@Module({
  imports: [PluginHostModule, EgressModule],
  providers: [
    CallUsage,
    {
      provide: Secrets,
      inject: [CONFIG, BASE_FOLDER, Redactor],
      useFactory: ({ tools }: Config, baseFolder: string, redactor: Redactor) =>
        Secrets.read(tools.secrets, { env: process.env, baseFolder, learn: (value) => redactor.learn(value) }),
    },
    {
      provide: SecretHosts,
      inject: [AuditLog, Clock],
      useFactory: (audit: AuditLog, clock: Clock) => new SecretHosts(audit, () => newDecisionId(clock.epochMs())),
    },
    {
      provide: HttpTool,
      inject: [CONFIG, Egress, Secrets, SecretHosts, CallUsage, Clock],
      useFactory: (
        { tools: limits }: Config,
        egress: Egress,
        secrets: Secrets,
        secretHosts: SecretHosts,
        usage: CallUsage,
        clock: Clock,
      ) => {
        const cache = new AnswerCache(clock, limits.cache_ttl_ms);
        return new HttpTool({ limits, egress, secrets, secretHosts, usage, cache });
      },
    },
    {
      provide: SearchTool,
      inject: [CONFIG, PluginHost, Egress, Secrets, SecretHosts, CallUsage, Redactor, Clock],
      useFactory: async (
        { tools: limits }: Config,
        plugins: PluginHost,
        egress: Egress,
        secrets: Secrets,
        secretHosts: SecretHosts,
        usage: CallUsage,
        redactor: Redactor,
        clock: Clock,
      ) => {
        const provider = await providerOf(limits.search, plugins);
        return new SearchTool({ limits, provider, egress, secrets, secretHosts, usage, redactor, clock });
      },
    },
  ],
  exports: [HttpTool, SearchTool],
})
export class ToolsModule {}

/** @throws Error that says which option is wrong, or that no plugin has the id */
async function providerOf(search: Config['tools']['search'], plugins: PluginHost): Promise<SearchProvider | undefined> {
  return search === undefined ? undefined : plugins.create('search-provider', search.provider, search.options);
}
