import { TaskFailedError } from './api-error.js';
import { follow, type StreamOptions } from './follow.js';
import { Http, type ClientOptions } from './http.js';
import { withRetry, type RetryOptions } from './retry.js';
import { streamTool } from './tool-stream.js';
import {
  type Artifact,
  type ArtifactCreated,
  type ArtifactRecordList,
  type ArtifactsCollected,
  type AuditDetail,
  type AuditKey,
  type AuditPage,
  type CallHttpTool,
  type Capabilities,
  type CatalogModel,
  type CatalogModelList,
  type InspectModel,
  type ModelFetch,
  type ModelFetchList,
  type ModelInspection,
  type StartFetch,
  type CreateCatalogModel,
  type CreateArtifact,
  type CreateTask,
  type Decision,
  type DecisionQuery,
  type EndFrame,
  type HttpToolAnswer,
  type HttpToolFrame,
  type ListArtifactsQuery,
  type ListAuditQuery,
  type ListModelsQuery,
  type ListPoolsQuery,
  type ListSessionsQuery,
  type ListTasksQuery,
  type ModelBom,
  type ModelStateAccepted,
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
  type StoreSnapshot,
  type SessionList,
  type SetModelState,
  type StreamFrame,
  type Task,
  type TaskAccepted,
  type TaskList,
  type VerificationStarted,
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

export interface AddModelOptions extends CallOptions {
  readonly policy?: 'strict' | 'permissive' | undefined;
}

export interface ArtifactOptions extends ToolOptions {
  /** The content as JSON text, sent as it is: a number that JavaScript cannot hold is refused rather than changed. */
  readonly contentJson?: string;
}

/** The bare content of an artifact. */
export interface ArtifactBytes {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
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

  /** Keeps a result; resolves once it is durable. `content` may be left out when `contentJson` is there. */
  createArtifact(
    artifact: Omit<CreateArtifact, 'content'> & Partial<Pick<CreateArtifact, 'content'>>,
    { contentJson, idempotencyKey, signal }: ArtifactOptions = {},
  ): Promise<ArtifactCreated> {
    const { content, ...rest } = artifact;
    const json = `${JSON.stringify(rest).slice(0, -1)},"content":${contentJson ?? JSON.stringify(content)}}`;
    const headers = { 'idempotency-key': idempotencyKey };
    return this.http.json({ method: 'POST', path: '/v1/artifacts', json, headers, signal });
  }

  /** One page of records, newest first. */
  artifacts(query: ListArtifactsQuery = {}, options: CallOptions = {}): Promise<ArtifactRecordList> {
    return this.http.json({ path: '/v1/artifacts', query, signal: options.signal });
  }

  artifact(id: string, options: CallOptions = {}): Promise<Artifact> {
    return this.http.json({ path: artifactPath(id), signal: options.signal });
  }

  /** The bytes that were kept, or the content as RFC 8785 JSON. */
  async artifactContent(id: string, options: CallOptions = {}): Promise<ArtifactBytes> {
    const response = await this.http.send({ path: `${artifactPath(id)}/content`, signal: options.signal });
    const mediaType = response.headers.get('content-type') ?? 'application/octet-stream';
    return { mediaType, bytes: new Uint8Array(await response.arrayBuffer()) };
  }

  /** One page of all records of an artifact, newest first. */
  artifactRecords(id: string, query: ListPoolsQuery = {}, options: CallOptions = {}): Promise<ArtifactRecordList> {
    return this.http.json({ path: `${artifactPath(id)}/records`, query, signal: options.signal });
  }

  /** Ends what is kept too long or is too much, now. */
  collectArtifacts(options: CallOptions = {}): Promise<ArtifactsCollected> {
    return this.http.json({ method: 'POST', path: '/v1/artifacts/gc', signal: options.signal });
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

  /**
   * Adds a model; an equal one again changes nothing. `policy` may only tighten that of the daemon.
   * @throws ApiError `CONFLICT` for an id that another model has, `UNTRUSTED_ARTIFACT` for one that is not trusted
   */
  addModel(model: CreateCatalogModel, { policy, signal }: AddModelOptions = {}): Promise<CatalogModel> {
    const headers = { 'x-trust-policy': policy };
    return this.http.json({ method: 'POST', path: '/v1/catalog/models', body: model, headers, signal });
  }

  /** One page of models, newest first. */
  models(query: ListModelsQuery = {}, options: CallOptions = {}): Promise<CatalogModelList> {
    return this.http.json({ path: '/v1/catalog/models', query, signal: options.signal });
  }

  model(id: string, options: CallOptions = {}): Promise<CatalogModel> {
    return this.http.json({ path: modelPath(id), signal: options.signal });
  }

  /** The bill of materials of a model: CycloneDX in JSON. */
  modelBom(id: string, options: CallOptions = {}): Promise<ModelBom> {
    const headers = { accept: 'application/vnd.cyclonedx+json' };
    return this.http.json({ path: `${modelPath(id)}/bom`, headers, signal: options.signal });
  }

  /** @throws ApiError `CONFLICT` while a pool serves it */
  async removeModel(id: string, options: CallOptions = {}): Promise<void> {
    await this.http.send({ method: 'DELETE', path: modelPath(id), signal: options.signal });
  }

  /** Has every byte of a model compared; `last_verification` of the model tells how it ended. */
  verifyModel(id: string, options: CallOptions = {}): Promise<VerificationStarted> {
    return this.http.json({ method: 'POST', path: `${modelPath(id)}/verify`, signal: options.signal });
  }

  /** Looks at a model before it is fetched: what it resolves to, and whether it fits. */
  inspectModel(body: InspectModel, options: CallOptions = {}): Promise<ModelInspection> {
    return this.http.json({ method: 'POST', path: '/v1/catalog/inspections', body, signal: options.signal });
  }

  /** Fetches weights by their ref; the fetch goes on by itself. */
  startFetch(body: StartFetch, options: CallOptions = {}): Promise<ModelFetch> {
    return this.http.json({ method: 'POST', path: '/v1/catalog/fetches', body, signal: options.signal });
  }

  /** Fetches the weights of a model of the catalog. */
  fetchModel(id: string, options: CallOptions = {}): Promise<ModelFetch> {
    return this.http.json({ method: 'POST', path: `${modelPath(id)}/fetch`, signal: options.signal });
  }

  fetches(options: CallOptions = {}): Promise<ModelFetchList> {
    return this.http.json({ path: '/v1/catalog/fetches', signal: options.signal });
  }

  fetchProgress(id: string, options: CallOptions = {}): Promise<ModelFetch> {
    return this.http.json({ path: `/v1/catalog/fetches/${encodeURIComponent(id)}`, signal: options.signal });
  }

  /** Calls a fetch off; what is there already stays to go on from. */
  async cancelFetch(id: string, options: CallOptions = {}): Promise<void> {
    const path = `/v1/catalog/fetches/${encodeURIComponent(id)}`;
    await this.http.send({ method: 'DELETE', path, signal: options.signal });
  }

  /** Retires a model, or takes it into service again; its pools follow. */
  setModelState(id: string, body: SetModelState, options: CallOptions = {}): Promise<ModelStateAccepted> {
    return this.http.json({ method: 'POST', path: `${modelPath(id)}/state`, body, signal: options.signal });
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

  /** Has the daemon copy its database into its data folder, for a backup. */
  takeSnapshot(options: CallOptions = {}): Promise<StoreSnapshot> {
    return this.http.json({ method: 'POST', path: '/v1/snapshots', signal: options.signal });
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

function artifactPath(id: string): string {
  return `/v1/artifacts/${encodeURIComponent(id)}`;
}

function sessionPath(sessionId: string): string {
  return `/v1/sessions/${encodeURIComponent(sessionId)}`;
}

function modelPath(id: string): string {
  return `/v1/catalog/models/${encodeURIComponent(id)}`;
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
