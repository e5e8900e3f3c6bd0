import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { callerLimits } from '../../admission/limits/caller-limits.js';
import { KeyLimits } from '../../admission/limits/key-limits.js';
import { Quotas } from '../../admission/limits/quotas.js';
import { Shedding } from '../../admission/shedding/shedding.js';
import { PluginHost } from '../../plugin-host/plugin-host.js';
import { Policies } from '../../policy-host/policies.js';
import { Devices } from '../../pools/devices/devices.js';
import { Pools } from '../../pools/pools.js';
import { Scheduler } from '../../scheduling/scheduler.js';
import { ApiVersion } from '../api-version.js';
import { pluginsView } from '../plugin-view.js';
import { requirePool } from '../pool-lookup.js';
import { capabilitiesView, poolView } from '../pool-view.js';
import { replicaSetsView } from '../replica-set-view.js';

/** What serves tasks, and what it offers. */
@Controller('v1')
export class PoolsController {
  constructor(
    private readonly pools: Pools,
    private readonly scheduler: Scheduler,
    private readonly plugins: PluginHost,
    private readonly policies: Policies,
    private readonly apiVersion: ApiVersion,
    private readonly keyLimits: KeyLimits,
    private readonly quotas: Quotas,
    private readonly shedding: Shedding,
    private readonly devices: Devices,
  ) {}

  @Get('pools')
  list(@Res() reply: FastifyReply): void {
    sendJson(reply, {
      items: this.pools.all.map((pool) => poolView(pool, this.scheduler, this.shedding, this.devices)),
      next_cursor: null,
    });
  }

  @Get('pools/:id/health')
  health(@Param('id') id: string, @Res() reply: FastifyReply): void {
    const pool = requirePool(this.pools, id);
    sendJson(reply, poolView(pool, this.scheduler, this.shedding, this.devices));
  }

  @Get('capabilities')
  capabilities(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const limits = callerLimits(request.facts.caller, this.keyLimits, this.quotas);
    sendJson(reply, capabilitiesView(this.pools.all, this.scheduler, this.apiVersion.text, limits));
  }

  @Get('replicasets')
  replicaSets(@Res() reply: FastifyReply): void {
    sendJson(reply, replicaSetsView(this.pools.all, this.scheduler, this.shedding));
  }

  @Get('plugins')
  report(@Res() reply: FastifyReply): void {
    sendJson(reply, pluginsView(this.plugins.report, this.policies.list()));
  }
}

function sendJson(reply: FastifyReply, body: object): void {
  void reply.code(200).header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(body));
}
