import { Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { type ArtifactCreated, type ArtifactRecordList, type CreateArtifact } from '@llama-orch/client';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Replays } from '../../admission/replays.js';
import { type ArtifactId, parseArtifactId } from '../../artifacts/artifact-id.js';
import { ARTIFACT_KINDS, type ArtifactKind, type ArtifactRow, type JsonObject } from '../../artifacts/artifact.js';
import { Artifacts } from '../../artifacts/artifacts.js';
import { binaryIn } from '../../artifacts/binary.js';
import { Collector } from '../../artifacts/collector.js';
import { CONFIG } from '../../config/config.module.js';
import { type Config } from '../../config/index.js';
import { AppError, invalidParams } from '../../kernel/errors.js';
import { artifactJson, entityTag, isMatch, recordView } from '../artifact-view.js';
import { BodyReader } from '../body-reader.js';
import { DataRules } from '../body-rules.js';
import { cursorAfter, idInCursor, limitOf, refuseRepeated } from '../paging.js';
import { idempotencyKeyOf } from './tasks.controller.js';

interface PageQuery {
  readonly limit?: string;
  readonly cursor?: string;
}

interface ListQuery extends PageQuery {
  readonly tag?: string | readonly string[];
  readonly kind?: string;
  readonly parent?: string;
  readonly since_ms?: string;
}

const LONGEST_TAG = 128;
const MOST_TAGS = 64;
/** A browser that opens a content runs nothing of it and shows it to nobody else. */
const LOCKED_UP = {
  'content-disposition': 'attachment',
  'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
};

/** Results that are kept. Everything is looked for in the caller's tenant alone. */
@Controller('v1/artifacts')
export class ArtifactsController {
  constructor(
    private readonly artifacts: Artifacts,
    private readonly collector: Collector,
    private readonly replays: Replays,
    private readonly bodies: BodyReader,
    private readonly rules: DataRules,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Post()
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = this.rules.parse<CreateArtifact>('CreateArtifact', this.bodies.readWhole(request));
    const { answer, replayed } = await this.once(request, body, () => this.put(request, body));
    if (replayed) void reply.header('Idempotency-Replayed', 'true');
    void reply.headers({ Location: `/v1/artifacts/${answer.id}`, ETag: `"${answer.id}"` });
    sendJson(reply, 201, answer);
  }

  @Get()
  async list(@Req() request: FastifyRequest, @Query() query: ListQuery, @Res() reply: FastifyReply): Promise<void> {
    const { tag, ...single } = query;
    refuseRepeated(single);
    sendJson(
      reply,
      200,
      await this.page(request, query, {
        tags: tagsOf(tag),
        kind: kindOf(query.kind),
        parent: query.parent === undefined ? undefined : parentOf(query.parent),
        sinceMs: sinceOf(query.since_ms),
      }),
    );
  }

  @Post('gc')
  async collect(@Res() reply: FastifyReply): Promise<void> {
    sendJson(reply, 200, await this.collector.collect());
  }

  @Get(':id')
  async read(@Req() request: FastifyRequest, @Param('id') text: string, @Res() reply: FastifyReply): Promise<void> {
    const row = await this.find(request, text);
    void reply.header('ETag', entityTag(row));
    if (isMatch(request.headers['if-none-match'], row)) return void reply.code(304).send();
    const kept = await this.artifacts.get(row.tenantId, row.id);
    if (kept === undefined) throw unknownArtifact();
    void reply.code(200).header('content-type', JSON_TYPE).send(artifactJson(kept));
  }

  @Get(':id/content')
  async content(@Req() request: FastifyRequest, @Param('id') text: string, @Res() reply: FastifyReply): Promise<void> {
    const row = await this.find(request, text);
    void reply.headers({ ETag: entityTag(row), ...LOCKED_UP });
    if (isMatch(request.headers['if-none-match'], row)) return void reply.code(304).send();
    const kept = await this.artifacts.get(row.tenantId, row.id);
    if (kept === undefined) throw unknownArtifact();
    const binary = binaryIn(JSON.parse(Buffer.from(kept.content).toString('utf8')) as JsonObject);
    void reply
      .code(200)
      .header('content-type', binary?.mediaType ?? 'application/json')
      .send(binary === undefined ? Buffer.from(kept.content) : Buffer.from(binary.data, 'base64'));
  }

  @Get(':id/records')
  async records(
    @Req() request: FastifyRequest,
    @Param('id') text: string,
    @Query() query: PageQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    refuseRepeated(query);
    const { id } = await this.find(request, text);
    sendJson(reply, 200, await this.page(request, query, { id }));
  }

  private async put(request: FastifyRequest, body: CreateArtifact): Promise<ArtifactCreated> {
    const row = await this.artifacts.put({
      tenantId: request.facts.caller.tenantId,
      kind: body.kind,
      content: body.content as JsonObject,
      tags: body.tags ?? [],
      parent: body.parent === undefined ? undefined : (body.parent as ArtifactId),
      metadata: (body.metadata ?? {}) as JsonObject,
    });
    const { metadata: _, size_bytes: _1, ...short } = recordView(row);
    return { ...short, url: `${this.baseUrl(request)}/v1/artifacts/${row.id}` };
  }

  private async once(
    request: FastifyRequest,
    body: CreateArtifact,
    effect: () => Promise<ArtifactCreated>,
  ): Promise<{ readonly answer: ArtifactCreated; readonly replayed: boolean }> {
    const key = idempotencyKeyOf(request);
    if (key === undefined) return { answer: await effect(), replayed: false };
    const { tenantId, keyId } = request.facts.caller;
    return this.replays.once(`key/${tenantId}/${keyId ?? ''}/POST artifacts/${key}`, body, effect);
  }

  private async page(
    request: FastifyRequest,
    { limit: wanted, cursor }: PageQuery,
    filter: Omit<Parameters<Artifacts['list']>[0], 'tenantId' | 'limit'>,
  ): Promise<ArtifactRecordList> {
    const limit = limitOf(wanted);
    const beforeSeq = cursor === undefined ? undefined : idInCursor(cursor, seqOf);
    const { tenantId } = request.facts.caller;
    const rows = await this.artifacts.list({ ...filter, tenantId, beforeSeq, limit: limit + 1 });
    const page = rows.slice(0, limit);
    const next_cursor = rows.length > limit ? cursorAfter(String(page.at(-1)!.seq)) : null;
    return { items: page.map(recordView), next_cursor };
  }

  /** @throws AppError 404 */
  private async find(request: FastifyRequest, text: string): Promise<ArtifactRow> {
    const id = parseArtifactId(text);
    const row = id && (await this.artifacts.find(request.facts.caller.tenantId, id));
    if (row === undefined) throw unknownArtifact();
    return row;
  }

  private baseUrl(request: FastifyRequest): string {
    const { advertised_url: advertised } = this.config.server;
    return advertised?.replace(/\/+$/, '') ?? `${request.protocol}://${request.host}`;
  }
}

const JSON_TYPE = 'application/json; charset=utf-8';

function unknownArtifact(): AppError {
  const hint = 'ids are sha256: and 64 hex digits; the retention may have ended it';
  return new AppError('NOT_FOUND', `there is no such artifact; ${hint}`);
}

function tagsOf(given: string | readonly string[] | undefined): readonly string[] {
  const tags = given === undefined ? [] : [given].flat();
  const isFine = tags.length <= MOST_TAGS && tags.every(({ length }) => length >= 1 && length <= LONGEST_TAG);
  if (isFine) return tags;
  const message = `must be at most ${MOST_TAGS} tags of 1 to ${LONGEST_TAG} characters`;
  throw invalidParams([{ pointer: '/tag', message }]);
}

function kindOf(text: string | undefined): ArtifactKind | undefined {
  const known = ARTIFACT_KINDS.find((kind) => kind === text);
  if (known !== undefined || text === undefined) return known;
  throw invalidParams([{ pointer: '/kind', message: `must be one of ${ARTIFACT_KINDS.join(', ')}` }]);
}

function parentOf(text: string): ArtifactId {
  const id = parseArtifactId(text);
  if (id !== undefined) return id;
  throw invalidParams([{ pointer: '/parent', message: 'must be sha256: and 64 hex digits in lower case' }]);
}

function sinceOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw invalidParams([{ pointer: '/since_ms', message: 'must be a whole number of at most 15 digits' }]);
}

function seqOf(text: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

function sendJson(reply: FastifyReply, status: number, body: object): void {
  void reply.code(status).header('content-type', JSON_TYPE).send(JSON.stringify(body));
}
