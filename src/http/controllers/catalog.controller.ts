import { Controller, Delete, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { type CatalogModel, type ModelStateAccepted, type VerificationStarted } from '@llama-orch/client';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Replays } from '../../admission/replays.js';
import { Catalog } from '../../catalog/catalog.js';
import { type DeclaredModel } from '../../catalog/declaration.js';
import { Entrance } from '../../catalog/entrance.js';
import { type CatalogEntry, type ModelState, type TrustMode } from '../../catalog/entry.js';
import { Fetches } from '../../catalog/fetch/fetches.js';
import { Verifications } from '../../catalog/verifications.js';
import { Weights } from '../../catalog/weights.js';
import { invalidParams } from '../../kernel/errors.js';
import { ModelLifecycle } from '../../pools/models/model-lifecycle.js';
import { BodyReader } from '../body-reader.js';
import { BodyRules } from '../body-rules.js';
import { catalogView } from '../catalog-view.js';
import { ChangeLog } from '../change-log.js';
import { oncePerKey } from '../once-per-key.js';
import { cursorAfter, idInCursor, limitOf, refuseRepeated } from '../paging.js';

interface ListQuery {
  readonly limit?: string;
  readonly cursor?: string;
}

interface StateBody {
  readonly state: ModelState;
  readonly deadline_ms?: number | string;
}

const USUAL_DEADLINE_MS = 30_000;
const ROUTE = '/v1/catalog/models';

/** Which models can be served. They belong to no tenant: whoever may infer sees all of them. */
@Controller('v1/catalog/models')
export class CatalogController {
  constructor(
    private readonly catalog: Catalog,
    private readonly entrance: Entrance,
    private readonly lifecycle: ModelLifecycle,
    private readonly verifications: Verifications,
    private readonly weights: Weights,
    private readonly fetches: Fetches,
    private readonly bodies: BodyReader,
    private readonly rules: BodyRules,
    private readonly replays: Replays,
    private readonly changes: ChangeLog,
  ) {}

  @Post()
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const header = trustHeaderOf(request);
    const body = this.rules.parse<DeclaredModel>('CreateCatalogModel', this.bodies.read(request));
    const addedBy = request.facts.caller.keyId ?? 'local';
    const change = { action: 'model.add', target: body.id, wanted: `with ${body.digest}` } as const;
    const enter = async () => {
      const entry = await this.entrance.add(body, addedBy, header);
      this.lifecycle.arrived(entry);
      return this.view(request, entry);
    };
    const effect = () => this.changes.record(request.facts, change, enter);
    sendJson(reply, 201, await oncePerKey(this.replays, request, reply, { route: ROUTE, body }, effect));
  }

  @Get()
  async list(@Req() request: FastifyRequest, @Query() query: ListQuery, @Res() reply: FastifyReply): Promise<void> {
    refuseRepeated(query);
    const limit = limitOf(query.limit);
    const before = query.cursor === undefined ? undefined : idInCursor(query.cursor, placeOf);
    const { all } = this.catalog;
    const left = before === undefined ? all : all.filter((entry) => isBehind(entry, before));
    const page = left.slice(0, limit);
    const items = await Promise.all(page.map((entry) => this.view(request, entry)));
    const next_cursor = left.length > limit ? cursorAfter(`${page.at(-1)!.createdMs} ${page.at(-1)!.id}`) : null;
    sendJson(reply, 200, { items, next_cursor });
  }

  @Get(':id')
  async read(@Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    sendJson(reply, 200, await this.view(request, this.catalog.require(id)));
  }

  @Delete(':id')
  async remove(@Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    this.catalog.require(id);
    const change = { action: 'model.remove', target: id, wanted: 'from the catalog' } as const;
    const effect = () => this.catalog.remove(id, (entry) => this.lifecycle.usersOf(entry));
    await this.changes.record(request.facts, change, effect);
    void reply.code(204).send();
  }

  @Post(':id/verify')
  async verify(@Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const entry = this.catalog.require(id);
    const change = { action: 'model.verify', target: id, wanted: 'every byte' } as const;
    const begin = async (): Promise<VerificationStarted> => {
      const verification_id = await this.verifications.start(id, this.lifecycle.enginesOf(entry));
      return { status: 'started', verification_id };
    };
    const effect = () => this.changes.record(request.facts, change, begin);
    const call = { route: `${ROUTE}/${encodeURIComponent(id)}/verify`, body: null };
    sendJson(reply, 202, await oncePerKey(this.replays, request, reply, call, effect));
  }

  @Post(':id/state')
  async setState(@Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    this.catalog.require(id);
    const body = this.rules.parse<StateBody>('SetModelState', this.bodies.read(request));
    const { state, deadline_ms: deadlineMs = USUAL_DEADLINE_MS } = body;
    const change = { action: 'model.state', target: id, wanted: `to ${state}` } as const;
    const set = async (): Promise<ModelStateAccepted> => {
      await this.lifecycle.set(id, state, Number(deadlineMs));
      return { status: 'accepted', state };
    };
    const effect = () => this.changes.record(request.facts, change, set);
    const call = { route: `${ROUTE}/${encodeURIComponent(id)}/state`, body };
    sendJson(reply, 202, await oncePerKey(this.replays, request, reply, call, effect));
  }

  private view({ facts }: FastifyRequest, entry: CatalogEntry): Promise<CatalogModel> {
    return catalogView(entry, this.weights, this.fetches, facts.scopes.includes('control'));
  }
}

/** @throws AppError 400 */
function trustHeaderOf({ headers }: FastifyRequest): TrustMode | undefined {
  const value = headers['x-trust-policy'];
  if (value === undefined || value === 'strict' || value === 'permissive') return value;
  throw invalidParams([{ pointer: '/X-Trust-Policy', message: 'must be strict or permissive' }]);
}

interface PlaceInList {
  readonly createdMs: number;
  readonly id: string;
}

function placeOf(text: string): PlaceInList | undefined {
  const [, createdMs, id] = /^(\d{1,15}) (.+)$/.exec(text) ?? [];
  return id === undefined ? undefined : { createdMs: Number(createdMs), id };
}

/** The list stands still for whoever pages through it, though entries come and go. */
function isBehind(entry: CatalogEntry, { createdMs, id }: PlaceInList): boolean {
  return entry.createdMs < createdMs || (entry.createdMs === createdMs && entry.id < id);
}

function sendJson(reply: FastifyReply, status: number, body: object): void {
  void reply.code(status).header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(body));
}
