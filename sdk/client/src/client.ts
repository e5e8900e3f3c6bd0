import { TaskFailedError } from './api-error.js';
import { follow, type StreamOptions } from './follow.js';
import { Http, type ClientOptions } from './http.js';
import { withRetry, type RetryOptions } from './retry.js';
import { streamTool } from './tool-stream.js';
import {
  type AuditDetail,
  type AuditKey,
  type AuditPage,
  type CallHttpTool,
  type Capabilities,
  type CreateTask,
  type Decision,
  type DecisionQuery,
  type EndFrame,
  type HttpToolAnswer,
  type HttpToolFrame,
  type ListAuditQuery,
  type ListPoolsQuery,
  type ListSessionsQuery,
  type ListTasksQuery,
  type PluginReport,
  type PoolDraining,
  type PoolHealth,
  type PoolList,
  type PoolReloaded,
  type ReloadPlan,
  type ReloadPool,
  type ReplicaSet,
  type SearchTool,
  type SearchToolAnswer,
  type Session,
  type SessionList,
  type StreamFrame,
  type Task,
  type TaskAccepted,
  type TaskList,
} from './types.js';

export interface SubmitOptions {
  /** Absent: a refusal is thrown at once. */
  readonly retry?: RetryOptions;
  readonly signal?: AbortSignal;
  /** Makes a repeated call answer the recorded one. */
  readonly idempotencyKey?: string;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface ToolOptions extends CallOptions {
  /** Makes a repeated call answer the recorded one. */
  readonly idempotencyKey?: string;
}

/** The text and the closing facts of a finished completion. */
export interface Completion {
  readonly text: string;
  readonly end: EndFrame;
}

/**
 * Speaks to one llama-orch daemon. Every method throws `ApiError` when the API refuses and `UnreachableError` when there
 * is no answer.
 */
export class Client {
  private readonly http: Http;

  constructor(options: ClientOptions) {
    this.http = new Http(options);
  }

  /** Submits a task; resolves once it is admitted and recorded. */
  submit(task: CreateTask, options: SubmitOptions = {}): Promise<TaskAccepted> {
    const headers = { 'idempotency-key': options.idempotencyKey ?? nameOf(task, options) };
    return withRetry(this.http, options.retry, options.signal, () =>
      this.http.json<TaskAccepted>({ method: 'POST', path: '/v1/tasks', body: task, headers, signal: options.signal }),
    );
  }

  /** Follows a task to its terminal frame, across dropped connections. */
  stream(taskId: string, options: StreamOptions = {}): AsyncIterable<StreamFrame> {
    return follow(this.http, taskId, options);
  }

  /**
   * Submits a completion and waits for its text.
   * @throws TaskFailedError when the task ends with an `error` frame
   */
  async complete(task: CreateTask, options: SubmitOptions = {}): Promise<Completion> {
    const { task_id } = await this.submit(task, options);
    let text = '';
    for await (const frame of this.stream(task_id, { signal: options.signal })) {
      if (frame.event === 'token' && !frame.data.reasoning) text += frame.data.t;
      if (frame.event === 'end') return { text, end: frame.data };
      if (frame.event === 'error') throw new TaskFailedError(frame.data);
    }
    throw new Error(`the stream of task ${task_id} has no terminal frame`);
  }

  /** Cancels a task; harmless when it has ended. No `token` frame follows once this resolves. */
  async cancel(taskId: string, options: CallOptions = {}): Promise<void> {
    await this.http.send({ method: 'POST', path: `${taskPath(taskId)}/cancel`, signal: options.signal });
  }

  task(taskId: string, options: CallOptions = {}): Promise<Task> {
    return this.http.json({ path: taskPath(taskId), signal: options.signal });
  }

  /** The receipts of a task: why it was admitted, when its turn came, and where it ran. */
  decision(taskId: string, query: DecisionQuery = {}, options: CallOptions = {}): Promise<Decision> {
    return this.http.json({ path: `${taskPath(taskId)}/decision`, query, signal: options.signal });
  }

  /** One page of tasks, newest first. */
  tasks(query: ListTasksQuery = {}, options: CallOptions = {}): Promise<TaskList> {
    return this.http.json({ path: '/v1/tasks', query, signal: options.signal });
  }

  /** A session; it is refused with 404 when it has expired. */
  session(sessionId: string, options: CallOptions = {}): Promise<Session> {
    return this.http.json({ path: sessionPath(sessionId), signal: options.signal });
  }

  /** One page of sessions, newest first. */
  sessions(query: ListSessionsQuery = {}, options: CallOptions = {}): Promise<SessionList> {
    return this.http.json({ path: '/v1/sessions', query, signal: options.signal });
  }

  /** Forgets a session and cancels its running tasks; harmless when there is none. */
  async deleteSession(sessionId: string, options: CallOptions = {}): Promise<void> {
    await this.http.send({ method: 'DELETE', path: sessionPath(sessionId), signal: options.signal });
  }

  /**
   * Makes one HTTP call through the daemon. A far side that fails is an answer with `error`, not a throw.
   * @throws ApiError `POLICY_DENIED` when guard or policies refuse; its `problem` has `policy_code`, `hint` and `decision_id`
   */
  callHttpTool(call: CallHttpTool, options: ToolOptions = {}): Promise<HttpToolAnswer> {
    return this.tool('/v1/tools/http', call, options);
  }

  /** The same for an answer that is passed on as it comes. Leaving the loop cancels the call. */
  streamHttpTool(call: CallHttpTool, options: CallOptions = {}): AsyncIterable<HttpToolFrame> {
    return streamTool(this.http, call, options.signal);
  }

  /** Searches through the configured provider. One that fails is an answer with `error`, not a throw. */
  search(search: SearchTool, options: ToolOptions = {}): Promise<SearchToolAnswer> {
    return this.tool('/v1/tools/search', search, options);
  }

  capabilities(options: CallOptions = {}): Promise<Capabilities> {
    return this.http.json({ path: '/v1/capabilities', signal: options.signal });
  }

  pools(query: ListPoolsQuery = {}, options: CallOptions = {}): Promise<PoolList> {
    return this.http.json({ path: '/v1/pools', query, signal: options.signal });
  }

  poolHealth(poolId: string, options: CallOptions = {}): Promise<PoolHealth> {
    return this.http.json({ path: `${poolPath(poolId)}/health`, signal: options.signal });
  }

  /** Takes a pool out of service; tasks that still run after `deadlineMs` are ended. */
  drainPool(poolId: string, deadlineMs: number, options: CallOptions = {}): Promise<PoolDraining> {
    const body = { deadline_ms: deadlineMs };
    return this.http.json({ method: 'POST', path: `${poolPath(poolId)}/drain`, body, signal: options.signal });
  }

  /**
   * Gives a pool another model, or the same one anew; resolves once it serves.
   * @throws ApiError `CONFLICT` when it came to nothing; its `problem` has `failed_step`, `cause` and `serving`
   */
  reloadPool(poolId: string, body: ReloadPool, options: CallOptions = {}): Promise<PoolReloaded> {
    return this.http.json({ method: 'POST', path: `${poolPath(poolId)}/reload`, body, signal: options.signal });
  }

  /** What a reload would do; changes nothing. */
  planReload(poolId: string, body: ReloadPool, options: CallOptions = {}): Promise<ReloadPlan> {
    const path = `${poolPath(poolId)}/reload`;
    return this.http.json({ method: 'POST', path, query: { plan: 'true' }, body, signal: options.signal });
  }

  /** Replicas that answer alike, with their load. */
  replicaSets(options: CallOptions = {}): Promise<readonly ReplicaSet[]> {
    return this.http.json({ path: '/v1/replicasets', signal: options.signal });
  }

  plugins(options: CallOptions = {}): Promise<PluginReport> {
    return this.http.json({ path: '/v1/plugins', signal: options.signal });
  }

  /** One page of the audit: newest first, with `after` oldest first. */
  audit(query: ListAuditQuery = {}, options: CallOptions = {}): Promise<AuditPage> {
    return this.http.json({ path: '/v1/audit', query, signal: options.signal });
  }

  /** One row of the audit, and what its decision was made from. */
  auditRow(seq: number, options: CallOptions = {}): Promise<AuditDetail> {
    return this.http.json({ path: `/v1/audit/${seq}`, signal: options.signal });
  }

  /** The public key that checkpoints of the audit are signed with, and where the audit ends. */
  auditKey(options: CallOptions = {}): Promise<AuditKey> {
    return this.http.json({ path: '/v1/audit-key', signal: options.signal });
  }

  /** All series as Prometheus text. */
  async metrics(options: CallOptions = {}): Promise<string> {
    const response = await this.http.send({ path: '/metrics', signal: options.signal });
    return response.text();
  }

  private tool<Answer>(path: string, body: object, { signal, idempotencyKey }: ToolOptions): Promise<Answer> {
    return this.http.json({ method: 'POST', path, body, headers: { 'idempotency-key': idempotencyKey }, signal });
  }
}

function sessionPath(sessionId: string): string {
  return `/v1/sessions/${encodeURIComponent(sessionId)}`;
}

function poolPath(poolId: string): string {
  return `/v1/pools/${encodeURIComponent(poolId)}`;
}

function taskPath(taskId: string): string {
  return `/v1/tasks/${encodeURIComponent(taskId)}`;
}

/** Retries under one name are one call for the daemon: it keeps a place for them and never runs them twice. */
function nameOf(task: CreateTask, { retry }: SubmitOptions): string | undefined {
  return retry === undefined || task.task_id !== undefined ? undefined : crypto.randomUUID();
}
