import { Controller, Delete, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { type InspectModel, type ModelFetch, type StartFetch } from '@llama-orch/client';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Replays } from '../../admission/replays.js';
import { Catalog } from '../../catalog/catalog.js';
import { Fetches } from '../../catalog/fetch/fetches.js';
import { type FetchOrder } from '../../catalog/fetch/local-model.js';
import { ModelFetches } from '../../catalog/model-fetches.js';
import { parseModelRef } from '../../catalog/refs/model-ref.js';
import { CONFIG } from '../../config/config.module.js';
import { type Config } from '../../config/index.js';
import { Clock } from '../../kernel/clock.js';
import { AppError, invalidParams } from '../../kernel/errors.js';
import { Devices } from '../../pools/devices/devices.js';
import { BodyReader } from '../body-reader.js';
import { BodyRules } from '../body-rules.js';
import { fetchEvents, inspectionView } from '../fetch-view.js';
import { oncePerKey } from '../once-per-key.js';
import { type RequestFacts } from '../request-facts.js';
import { sendFrames } from '../tool-stream.js';
import { whilePresent } from '../while-present.js';

/** Gets weights here, and tells how far they are. Every call out is in the audit. */
@Controller('v1/catalog')
export class FetchesController {
  constructor(
    private readonly fetches: Fetches,
    private readonly models: ModelFetches,
    private readonly catalog: Catalog,
    private readonly devices: Devices,
    private readonly bodies: BodyReader,
    private readonly rules: BodyRules,
    private readonly replays: Replays,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Post('models/:id/fetch')
  async fetchModel(@Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const entry = this.catalog.require(id);
    const call = { route: `/v1/catalog/models/${encodeURIComponent(id)}/fetch`, body: null };
    const begin = async (): Promise<ModelFetch> => this.models.start(entry);
    sendJson(reply, 202, await oncePerKey(this.replays, request, reply, call, begin));
  }

  @Post('inspections')
  async inspect(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = this.rules.parse<InspectModel>('InspectModel', this.bodies.read(request));
    const order = orderOf(body, request.facts);
    const load = { slots: body.slots ?? 1, contextTokens: body.ctx };
    await whilePresent(reply, async (signal) => {
      const found = await this.fetches.inspect(order, signal);
      sendJson(reply, 200, inspectionView(found, load, this.devicesBytes()));
    });
  }

  @Post('fetches')
  async start(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = this.rules.parse<StartFetch>('StartFetch', this.bodies.read(request));
    const order = orderOf(body, request.facts);
    const begin = async (): Promise<ModelFetch> => this.fetches.start(order);
    sendJson(reply, 202, await oncePerKey(this.replays, request, reply, { route: '/v1/catalog/fetches', body }, begin));
  }

  @Get('fetches')
  list(@Res() reply: FastifyReply): void {
    sendJson(reply, 200, { items: this.fetches.list() });
  }

  @Get('fetches/:id')
  read(@Param('id') id: string, @Res() reply: FastifyReply): void {
    sendJson(reply, 200, this.require(id));
  }

  @Delete('fetches/:id')
  cancel(@Param('id') id: string, @Res() reply: FastifyReply): void {
    this.require(id);
    this.fetches.cancel(id);
    void reply.code(204).send();
  }

  @Get('fetches/:id/events')
  async follow(@Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    this.require(id);
    const patience = { clock: this.clock, patienceMs: this.config.tools.timeout_ms };
    await whilePresent(reply, async (signal) => {
      reply.hijack();
      const headers = { 'X-Correlation-Id': request.facts.correlationId };
      await sendFrames(fetchEvents(this.fetches, id, signal), reply.raw, headers, patience);
    });
  }

  private require(id: string): ModelFetch {
    const progress = this.fetches.progress(id);
    if (progress === undefined)
      throw new AppError('NOT_FOUND', `no fetch has the id ${id}; list them to see which there are`);
    return progress;
  }

  private devicesBytes(): readonly number[] {
    return this.devices.inventory.devices.map(({ device }) => device.vramTotalBytes);
  }
}

/** What is on this machine already is no matter of fetching. @throws AppError 400 */
function orderOf({ ref, digest }: StartFetch, { caller, correlationId }: RequestFacts): FetchOrder {
  const parsed = parseModelRef(ref);
  if (parsed.type === 'malformed') throw invalidParams([{ pointer: '/ref', message: parsed.message }]);
  if (parsed.type === 'name' || parsed.type === 'digest' || parsed.type === 'file')
    throw invalidParams([{ pointer: '/ref', message: 'must begin with hf:, repo:, https://, s3:// or oci://' }]);
  return {
    ref,
    ...(digest === undefined ? {} : { digest }),
    caller: { actor: caller.keyId ?? 'local', tenant: caller.tenantId, correlationId },
  };
}

function sendJson(reply: FastifyReply, status: number, body: object): void {
  void reply.code(status).header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(body));
}
