import { Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { type TaskAccepted } from '@llama-orch/client';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Admission } from '../../admission/admission.js';
import { Replays } from '../../admission/replays.js';
import { Clock } from '../../kernel/clock.js';
import { invalidParams } from '../../kernel/errors.js';
import { type TaskId, parseTaskId, taskKey } from '../../kernel/ids.js';
import { Scheduler } from '../../scheduling/scheduler.js';
import { TaskRegistry } from '../../tasks/task-registry.js';
import { TASK_STATES } from '../../tasks/task-state.js';
import { type Provenance, type Task } from '../../tasks/task.js';
import { budgetHeaders } from '../../sessions/tariff.js';
import { BodyReader } from '../body-reader.js';
import { cursorAfter, idInCursor, limitOf, refuseRepeated } from '../paging.js';
import { taskIdOf, unknownTask } from '../task-lookup.js';
import { taskView } from '../task-view.js';

interface ListQuery {
  readonly limit?: string;
  readonly cursor?: string;
  readonly state?: string;
  readonly session_id?: string;
  readonly pool_id?: string;
}

@Controller('v1/tasks')
export class TasksController {
  constructor(
    private readonly admission: Admission,
    private readonly registry: TaskRegistry,
    private readonly scheduler: Scheduler,
    private readonly replays: Replays,
    private readonly bodies: BodyReader,
    private readonly clock: Clock,
  ) {}

  @Post()
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { caller, correlationId, receivedAt } = request.facts;
    const { accepted, replayed, budget } = await this.admission.admit({
      body: this.bodies.read(request),
      caller,
      correlationId,
      provenance: provenanceOf(request),
      receivedAt,
      idempotencyKey: idempotencyKeyOf(request),
    });
    void reply.header('Location', `/v1/tasks/${accepted.task_id}`);
    if (replayed) void reply.header('Idempotency-Replayed', 'true');
    void reply.headers(replayed ? this.remainingNow(request, accepted) : budget);
    sendJson(reply, 202, accepted);
  }

  private remainingNow({ facts }: FastifyRequest, { task_id }: TaskAccepted): Readonly<Record<string, string>> {
    return budgetHeaders(this.registry.find(facts.caller.tenantId, task_id as TaskId)?.session?.account);
  }

  @Get()
  async list(@Req() request: FastifyRequest, @Query() query: ListQuery, @Res() reply: FastifyReply): Promise<void> {
    refuseRepeated(query);
    const limit = limitOf(query.limit);
    const { tenantId } = request.facts.caller;
    const before = query.cursor === undefined ? undefined : taskKey(tenantId, idInCursor(query.cursor, parseTaskId));
    if (query.state !== undefined && !(TASK_STATES as readonly string[]).includes(query.state)) {
      throw invalidParams([{ pointer: '/state', message: `must be one of ${TASK_STATES.join(', ')}` }]);
    }
    const items: Task[] = [];
    for (const task of this.registry.newestFirst(tenantId, before)) {
      if (matches(task, query) && items.push(task) > limit) break;
    }
    const page = items.slice(0, limit);
    await Promise.all(page.map(untilDurable));
    const next_cursor = items.length > limit ? cursorAfter(page.at(-1)!.request.id) : null;
    sendJson(reply, 200, { items: page.map((task) => taskView(task, this.scheduler, this.clock)), next_cursor });
  }

  @Get(':id')
  async read(@Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const task = findTask(this.registry, request, id);
    await untilDurable(task);
    sendJson(reply, 200, taskView(task, this.scheduler, this.clock));
  }

  @Post(':id/cancel')
  async cancel(@Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const key = idempotencyKeyOf(request);
    const { caller } = request.facts;
    const effect = async () => {
      const task = findTask(this.registry, request, id);
      this.scheduler.cancel(task, 'client');
      await task.log.ended();
    };
    if (key === undefined) await effect();
    else {
      const name = `key/${caller.tenantId}/${caller.keyId ?? ''}/POST cancel/${key}`;
      const { replayed } = await this.replays.once(name, { id: id.toLowerCase() }, effect);
      if (replayed) void reply.header('Idempotency-Replayed', 'true');
    }
    void reply.code(204).send();
  }
}

/** An end that a crash could take back is told to nobody. */
async function untilDurable({ log }: Task): Promise<void> {
  if (log.closed) await log.ended();
}

/** A task of the caller's tenant. @throws AppError 404 for an unknown or malformed id */
export function findTask(registry: TaskRegistry, request: FastifyRequest, text: string): Task {
  const task = registry.find(request.facts.caller.tenantId, taskIdOf(text));
  if (task === undefined) throw unknownTask();
  return task;
}

function sendJson(reply: FastifyReply, status: number, body: object): void {
  void reply.code(status).header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(body));
}

const LONGEST_NAME = 128;

function provenanceOf({ headers }: FastifyRequest): Provenance {
  const clientName = headers['x-client-id'];
  const userAgent = headers['user-agent']?.slice(0, LONGEST_NAME);
  return {
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(typeof clientName === 'string' ? { clientName: clientName.slice(0, LONGEST_NAME) } : {}),
  };
}

/** @throws AppError 400 for one that is empty or too long */
export function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && key.length >= 1 && key.length <= 255) return key;
  throw invalidParams([{ pointer: '/Idempotency-Key', message: 'must be 1 to 255 characters long' }]);
}

function matches(task: Task, { state, session_id, pool_id }: ListQuery): boolean {
  if (state !== undefined && task.state !== state) return false;
  if (session_id !== undefined && task.request.sessionId !== session_id.toLowerCase()) return false;
  return pool_id === undefined || task.poolId === pool_id;
}
