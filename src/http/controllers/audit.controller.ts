import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { type AuditDetail, type AuditKey, type AuditPage } from '@llama-orch/client';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AUDIT_ACTIONS, type AuditAction, AuditLog, type AuditRow } from '../../audit/audit-log.js';
import { AppError, invalidParams } from '../../kernel/errors.js';
import { cursorAfter, idInCursor, limitOf, refuseRepeated } from '../paging.js';
import { type RequestFacts } from '../request-facts.js';

interface ListQuery {
  readonly action?: string;
  readonly since_ms?: string;
  readonly after?: string;
  readonly tenant?: string;
  readonly limit?: string;
  readonly cursor?: string;
}

/** What was decided and done. Keys see the rows of their tenant; those with the scope `admin` see all. */
@Controller('v1')
export class AuditController {
  constructor(private readonly audit: AuditLog) {}

  @Get('audit')
  async list(@Req() request: FastifyRequest, @Query() query: ListQuery, @Res() reply: FastifyReply): Promise<void> {
    refuseRepeated(query);
    const limit = limitOf(query.limit);
    const after = numberOf('after', query.after);
    const cursor = query.cursor === undefined ? undefined : idInCursor(query.cursor, seqOf);
    const rows = await this.audit.read({
      action: actionOf(query.action),
      sinceMs: numberOf('since_ms', query.since_ms),
      newestFirst: after === undefined,
      afterSeq: cursor ?? after,
      tenant: tenantOf(request.facts, query.tenant),
      limit: limit + 1,
    });
    const items = rows.slice(0, limit);
    const next_cursor = rows.length > limit ? cursorAfter(String(items.at(-1)!.seq)) : null;
    sendJson(reply, { items, next_cursor } satisfies AuditPage);
  }

  @Get('audit-key')
  key(@Res() reply: FastifyReply): void {
    const { publicKey, head } = this.audit;
    sendJson(reply, { algorithm: 'Ed25519', public_key: publicKey, head: { ...head } } satisfies AuditKey);
  }

  @Get('audit/:seq')
  async one(@Req() request: FastifyRequest, @Param('seq') text: string, @Res() reply: FastifyReply): Promise<void> {
    const row = await this.find(seqOf(text), tenantOf(request.facts, undefined));
    if (row === undefined) throw unknownRow();
    const record = row.record === null ? undefined : await this.audit.recordOf(row.seq);
    sendJson(reply, { row, record: record ?? null } satisfies AuditDetail);
  }

  private async find(seq: number | undefined, tenant: string | undefined): Promise<AuditRow | undefined> {
    if (seq === undefined) return undefined;
    const [row] = await this.audit.read({ afterSeq: seq - 1, limit: 1 });
    return row?.seq === seq && (tenant === undefined || row.tenant === tenant) ? row : undefined;
  }
}

/** The tenant that the caller is held to; undefined where all may be seen. @throws AppError 403 for that of others */
function tenantOf({ caller, scopes }: RequestFacts, wanted: string | undefined): string | undefined {
  if (scopes.includes('admin')) return wanted;
  if (wanted === undefined || wanted === caller.tenantId) return caller.tenantId;
  throw new AppError('FORBIDDEN', `the rows of other tenants need a key with the scope admin; leave tenant out`);
}

function actionOf(text: string | undefined): AuditAction | undefined {
  const known = AUDIT_ACTIONS.find((action) => action === text);
  if (known !== undefined || text === undefined) return known;
  throw invalidParams([{ pointer: '/action', message: `must be one of ${AUDIT_ACTIONS.join(', ')}` }]);
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw invalidParams([{ pointer: `/${name}`, message: 'must be a whole number of at most 15 digits' }]);
}

function seqOf(text: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

function unknownRow(): AppError {
  return new AppError('NOT_FOUND', 'there is no such audit row; it was dropped for its age, or not written yet');
}

function sendJson(reply: FastifyReply, body: object): void {
  void reply.code(200).header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(body));
}
