import { type FastifyRequest } from 'fastify';
import { AppError, invalidParams } from '../kernel/errors.js';
import { parseSessionId, parseTaskId } from '../kernel/ids.js';
import { type Session } from '../sessions/session.js';
import { type Sessions } from '../sessions/sessions.js';
import { type TaskRegistry } from '../tasks/task-registry.js';
import { type Task } from '../tasks/task.js';
import { type ToolCaller } from '../tools/tool-caller.js';
import { unknownTask } from './task-lookup.js';

/** For whom a tool call says that it is made. */
export interface CallFor {
  readonly session_id?: string;
  readonly task_id?: string;
}

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * Who makes a tool call. A task that has ended may be named: tool calls come out of its answer. A cancelled one may not.
 * @throws AppError 404 for a task or session that the tenant does not have, 409 for a cancelled task, 400 when they do not belong together
 */
export function toolCaller(
  request: FastifyRequest,
  { session_id: sessionId, task_id: taskId }: CallFor,
  registry: TaskRegistry,
  sessions: Sessions,
): ToolCaller {
  const { caller, correlationId } = request.facts;
  const task = taskId === undefined ? undefined : usableTask(registry, caller.tenantId, taskId);
  const session = sessionId === undefined ? task?.session : usableSession(sessions, caller.tenantId, sessionId, task);
  return {
    actor: caller.keyId ?? 'local',
    tenant: caller.tenantId,
    correlationId,
    traceparent: traceparentOf(request),
    sessionId: sessionId?.toLowerCase() ?? task?.request.sessionId ?? null,
    taskId: task?.request.id ?? null,
    attempt: task?.attempt ?? 1,
    labels: task?.request.poolLabels ?? {},
    task,
    session,
  };
}

function usableTask(registry: TaskRegistry, tenantId: string, text: string): Task {
  const id = parseTaskId(text);
  const task = id === undefined ? undefined : registry.find(tenantId, id);
  if (task === undefined) throw unknownTask();
  if (task.state === 'cancelled') throw new AppError('CONFLICT', 'the task was cancelled; nothing is called for it');
  return task;
}

function usableSession(sessions: Sessions, tenantId: string, text: string, task: Task | undefined): Session {
  const id = parseSessionId(text);
  const isOfTask = task === undefined || task.request.sessionId === id;
  if (!isOfTask) throw invalidParams([{ pointer: '/session_id', message: 'is not the session of that task' }]);
  const session = id === undefined ? undefined : sessions.find(tenantId, id);
  if (session !== undefined) return session;
  throw new AppError('NOT_FOUND', 'there is no such session; it has expired, was deleted, or never had a task');
}

function traceparentOf({ headers }: FastifyRequest): string | null {
  const text = headers['traceparent'];
  return typeof text === 'string' && TRACEPARENT.test(text) ? text : null;
}
