import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError, invalidParams } from '../../kernel/errors.js';
import { Scheduler } from '../../scheduling/scheduler.js';
import { budgetHeaders } from '../../sessions/tariff.js';
import { TaskHistory } from '../../tasks/task-history.js';
import { type TaskLog } from '../../tasks/task-log.js';
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
    private readonly history: TaskHistory,
  ) {}

  @Get(':id/stream')
  async follow(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query() query: { readonly after?: string; readonly epoch?: string; readonly events?: string },
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const task = findTask(this.registry, request, id);
    const after = cursorOf(query.after ?? request.headers['last-event-id']);
    const epoch = query.epoch === undefined ? undefined : cursorOf(query.epoch, '/epoch');
    const log = task.log.holds(after, epoch) ? task.log : await this.history.logOf(task);
    if (log?.holds(after, epoch) !== true) throw await this.gone(task, log ?? task.log);
    const queued = query.events === 'queued' || request.headers['accept-events'] === 'queued';
    reply.hijack();
    this.streams.open({ task, log, after }, reply.raw, { ...this.headers(task, request), ...epochHeader(log) }, queued);
  }

  /** What stands in memory is told as it is in this turn: text and sequence number belong together. */
  private async gone(task: Task, log: TaskLog): Promise<AppError> {
    const isElsewhere = task.ended && log.told.text === '';
    return goneWith(snapshotOf(task, log, isElsewhere ? await this.history.textOf(task) : undefined), task);
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
function cursorOf(text: string | string[] | undefined, pointer = '/after'): number {
  if (text === undefined) return 0;
  const cursor = typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(cursor)) return cursor;
  throw invalidParams([{ pointer, message: 'must be an integer of at least 0, as a stream or a snapshot gave it' }]);
}

function epochHeader({ epoch }: TaskLog): Record<string, string> {
  return epoch === undefined ? {} : { 'X-Stream-Epoch': String(epoch) };
}

function goneWith(snapshot: Readonly<Record<string, unknown>>, { engine, poolId: pool_id }: Task): AppError {
  return new AppError(
    'STREAM_GONE',
    'the next frame is no longer held, or was never sent; read `snapshot` and go on after it',
    { members: { engine, pool_id, snapshot } },
  );
}
