import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError, invalidParams } from '../../kernel/errors.js';
import { Scheduler } from '../../scheduling/scheduler.js';
import { budgetHeaders } from '../../sessions/tariff.js';
import { TaskRegistry } from '../../tasks/task-registry.js';
import { type Task } from '../../tasks/task.js';
import { Streams } from '../streams.js';
import { snapshotOf } from '../task-view.js';
import { findTask } from './tasks.controller.js';

@Controller('v1/tasks')
export class StreamController {
  constructor(
    private readonly registry: TaskRegistry,
    private readonly scheduler: Scheduler,
    private readonly streams: Streams,
  ) {}

  @Get(':id/stream')
  follow(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query() query: { readonly after?: string; readonly events?: string },
    @Res() reply: FastifyReply,
  ): void {
    const task = findTask(this.registry, request, id);
    const after = cursorOf(query.after ?? request.headers['last-event-id']);
    if (!task.log.holds(after)) throw gone(task);
    const queued = query.events === 'queued' || request.headers['accept-events'] === 'queued';
    reply.hijack();
    this.streams.open(task, after, reply.raw, this.headers(task, request), queued);
  }

  private headers(task: Task, { facts }: FastifyRequest): Record<string, string> {
    const correlation = facts.correlationGiven ? facts.correlationId : task.request.correlationId;
    const known = { 'X-Correlation-Id': correlation, ...budgetHeaders(task.session?.account) };
    const position = this.scheduler.positionOf(task);
    if (position === undefined) return known;
    const eta = this.streams.startOf(task, position);
    return { ...known, 'X-Queue-Position': String(position), 'X-Queue-ETA-Ms': String(eta) };
  }
}

/** @throws AppError 400 when it is no sequence number */
function cursorOf(text: string | string[] | undefined): number {
  if (text === undefined) return 0;
  const cursor = typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(cursor)) return cursor;
  throw invalidParams([{ pointer: '/after', message: 'must be the id of a frame: an integer of at least 0' }]);
}

function gone(task: Task): AppError {
  return new AppError(
    'STREAM_GONE',
    'the next frame is no longer held, or was never sent; read `snapshot` and go on after it',
    {
      members: { engine: task.engine, pool_id: task.poolId, snapshot: snapshotOf(task) },
    },
  );
}
