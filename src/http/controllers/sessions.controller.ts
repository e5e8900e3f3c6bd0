import { Controller, Delete, Get, Param, Query, Req, Res } from '@nestjs/common';
import { type Session as SessionBody } from '@llama-orch/client';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError } from '../../kernel/errors.js';
import { type SessionId, parseSessionId, sessionKey } from '../../kernel/ids.js';
import { Scheduler } from '../../scheduling/scheduler.js';
import { type Session } from '../../sessions/session.js';
import { Sessions } from '../../sessions/sessions.js';
import { remainingOf } from '../../sessions/tariff.js';
import { TaskRegistry } from '../../tasks/task-registry.js';
import { cursorAfter, idInCursor, limitOf, refuseRepeated } from '../paging.js';

interface ListQuery {
  readonly limit?: string;
  readonly cursor?: string;
}

/** What a tenant may know of its sessions, and the way to be rid of one. Reading extends no session. */
@Controller('v1/sessions')
export class SessionsController {
  constructor(
    private readonly sessions: Sessions,
    private readonly registry: TaskRegistry,
    private readonly scheduler: Scheduler,
  ) {}

  @Get()
  list(@Req() request: FastifyRequest, @Query() query: ListQuery, @Res() reply: FastifyReply): void {
    refuseRepeated(query);
    const limit = limitOf(query.limit);
    const { tenantId } = request.facts.caller;
    const before =
      query.cursor === undefined ? undefined : sessionKey(tenantId, idInCursor(query.cursor, parseSessionId));
    const found: Session[] = [];
    for (const session of this.sessions.newestFirst(tenantId, before)) if (found.push(session) > limit) break;
    const page = found.slice(0, limit);
    const next_cursor = found.length > limit ? cursorAfter(page.at(-1)!.id) : null;
    sendJson(reply, { items: page.map((session) => this.view(session)), next_cursor });
  }

  @Get(':id')
  read(@Req() request: FastifyRequest, @Param('id') text: string, @Res() reply: FastifyReply): void {
    const session = this.sessions.find(request.facts.caller.tenantId, idOf(text));
    if (session === undefined) throw unknownSession('it has expired, was deleted, or never had a task');
    sendJson(reply, this.view(session));
  }

  @Delete(':id')
  async delete(@Req() request: FastifyRequest, @Param('id') text: string, @Res() reply: FastifyReply): Promise<void> {
    const session = this.sessions.find(request.facts.caller.tenantId, idOf(text));
    if (session !== undefined) await this.end(session);
    void reply.code(204).send();
  }

  private async end(session: Session): Promise<void> {
    for (const key of session.openTasks) this.scheduler.cancel(this.registry.get(key)!, 'client');
    this.sessions.remove(session, 'deleted');
    await this.sessions.write();
  }

  private view(session: Session): SessionBody {
    return {
      session_id: session.id,
      ttl_ms_remaining: this.sessions.ttlMsRemaining(session),
      turns: session.turns,
      kv_bytes: 0,
      kv_warmth: session.kvWarmth,
      ...(session.account === undefined ? {} : remainingOf(session.account)),
    };
  }
}

/** @throws AppError 404 when it is no id of a session */
function idOf(text: string): SessionId {
  const id = parseSessionId(text);
  if (id === undefined) throw unknownSession('session ids are UUIDs');
  return id;
}

function unknownSession(hint: string): AppError {
  return new AppError('NOT_FOUND', `there is no such session; ${hint}`);
}

function sendJson(reply: FastifyReply, body: object): void {
  void reply.code(200).header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(body));
}
