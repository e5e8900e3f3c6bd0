import { Controller, Param, Post, Query, Req, Res } from '@nestjs/common';
import { type PoolDraining, type PoolReloaded, type ReloadPlan, type ReloadPool } from '@llama-orch/client';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Replays } from '../../admission/replays.js';
import { invalidParams } from '../../kernel/errors.js';
import { type Pool } from '../../pools/pool.js';
import { Pools } from '../../pools/pools.js';
import { reloadRequest } from '../../pools/reload/reloads.js';
import { type ReloadRequest } from '../../pools/reload/journey.js';
import { BodyReader } from '../body-reader.js';
import { BodyRules } from '../body-rules.js';
import { ChangeLog } from '../change-log.js';
import { oncePerKey } from '../once-per-key.js';
import { requirePool } from '../pool-lookup.js';

const USUAL_DEADLINE_MS = 30_000;

/** What operators do with pools. A caller who leaves stops nothing that has begun. */
@Controller('v1/pools')
export class PoolChangesController {
  constructor(
    private readonly pools: Pools,
    private readonly bodies: BodyReader,
    private readonly rules: BodyRules,
    private readonly replays: Replays,
    private readonly changes: ChangeLog,
  ) {}

  @Post(':id/drain')
  async drain(@Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const pool = requirePool(this.pools, id);
    const body = this.rules.parse<{ deadline_ms: number | string }>('DrainPool', this.bodies.read(request));
    const deadlineMs = Number(body.deadline_ms);
    const change = { action: 'pool.drain', target: pool.id, wanted: `with a deadline of ${deadlineMs} ms` } as const;
    const effect = () =>
      this.changes.record(request.facts, change, async (): Promise<PoolDraining> => {
        this.pools.drain(pool, deadlineMs);
        return { status: 'draining', pool_id: pool.id, deadline_ms: deadlineMs };
      });
    const call = { route: `/v1/pools/${pool.id}/drain`, body };
    sendJson(reply, 202, await oncePerKey(this.replays, request, reply, call, effect));
  }

  @Post(':id/reload')
  async reload(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query('plan') plan: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const pool = requirePool(this.pools, id);
    const isPlan = flagOf('plan', plan);
    const body = this.rules.parse<ReloadPool>('ReloadPool', this.bodies.read(request));
    const wanted = reloadRequest(pool, body.new_model_ref, Number(body.deadline_ms ?? USUAL_DEADLINE_MS), body.digest);
    if (isPlan) return sendJson(reply, 200, await this.planned(pool, wanted));
    const change = { action: 'pool.reload', target: pool.id, wanted: `to ${body.new_model_ref}` } as const;
    const effect = () => this.changes.record(request.facts, change, () => this.reloaded(pool, wanted));
    const call = { route: `/v1/pools/${pool.id}/reload`, body };
    sendJson(reply, 200, await oncePerKey(this.replays, request, reply, call, effect));
  }

  private async reloaded(pool: Pool, wanted: ReloadRequest): Promise<PoolReloaded> {
    const { modelRef, modelDigest = null, engineVersion, tookMs } = await this.pools.reload(pool, wanted);
    return {
      status: 'ok',
      pool_id: pool.id,
      model_ref: modelRef,
      model_digest: modelDigest,
      engine_version: engineVersion,
      took_ms: tookMs,
    };
  }

  private async planned(pool: Pool, wanted: ReloadRequest): Promise<ReloadPlan> {
    const {
      from,
      to,
      weightsBytes = null,
      running,
      waiting,
      strangers,
      steps,
    } = await this.pools.planReload(pool, wanted);
    return {
      status: 'plan',
      pool_id: pool.id,
      from: { model_ref: from.modelRef, model_digest: from.modelDigest ?? null },
      to: { model_ref: to.modelRef, model_digest: to.modelDigest ?? null },
      weights_bytes: weightsBytes,
      tasks: { running, waiting, waiting_for_old_model: strangers },
      steps,
    };
  }
}

/** @throws AppError 400 for anything but `true` and `false` */
function flagOf(name: string, value: unknown): boolean {
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw invalidParams([{ pointer: `/${name}`, message: 'must be true or false' }]);
}

function sendJson(reply: FastifyReply, status: number, body: object): void {
  void reply.code(status).header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(body));
}
