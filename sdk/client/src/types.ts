import { type components as Control, type operations as ControlOperations } from './generated/control.js';
import { type components as Data, type operations as DataOperations } from './generated/orchqueue.js';

type Schemas = Data['schemas'];
type ControlSchemas = Control['schemas'];

export type CreateTask = Schemas['CreateTask'];
export type ChatMessage = Schemas['ChatMessage'];
export type SamplingParams = Schemas['SamplingParams'];
export type ResponseFormat = Schemas['ResponseFormat'];
export type Tool = Schemas['Tool'];
export type ToolCall = Schemas['ToolCall'];
export type Workload = Schemas['Workload'];
export type Priority = Schemas['Priority'];
/** 0 to 2^63−1: a number while exact in JSON, else decimal digits. */
export type Seed = Schemas['Seed'];

export type TaskAccepted = Schemas['TaskAccepted'];
export type Task = Schemas['Task'];
export type TaskList = Schemas['TaskList'];
export type TaskState = Schemas['TaskState'];
export type FinishReason = Schemas['FinishReason'];
export type Usage = Schemas['Usage'];

export type Session = Schemas['Session'];
export type SessionList = Schemas['SessionList'];

export type ArtifactKind = Schemas['ArtifactKind'];
export type CreateArtifact = Schemas['CreateArtifact'];
export type ArtifactCreated = Schemas['ArtifactCreated'];
/** What one call said of its content. */
export type ArtifactRecord = Schemas['ArtifactRecord'];
export type ArtifactRecordList = Schemas['ArtifactRecordList'];
export type Artifact = Schemas['Artifact'];
/** A copy of the database, which lies in the data folder of the daemon. */
export type StoreSnapshot = ControlSchemas['StoreSnapshot'];
export type ArtifactsCollected = ControlSchemas['ArtifactsCollected'];

/** A CycloneDX document about a model. */
export type ModelBom = ControlSchemas['ModelBom'];

/** What an agent asks the daemon to call. */
export type CallHttpTool = Schemas['CallHttpTool'];
/** What the far side answered, or `error` when it did not. */
export type HttpToolAnswer = Schemas['HttpToolAnswer'];
export type HttpToolAnswered = Schemas['HttpToolAnswered'];
export type HttpToolFailed = Schemas['HttpToolFailed'];
export type HttpToolHead = Schemas['HttpToolHead'];
export type HttpToolChunk = Schemas['HttpToolChunk'];
export type HttpToolEnd = Schemas['HttpToolEnd'];
/** Payload of each event of a streamed call. */
export interface HttpToolEvents {
  readonly head: HttpToolHead;
  readonly chunk: HttpToolChunk;
  readonly end: HttpToolEnd;
  readonly error: HttpToolFailed;
}
/** One event of a streamed call: a head, chunks, then exactly one `end` or `error`. */
export type HttpToolFrame = {
  [Event in keyof HttpToolEvents]: { readonly id: number; readonly event: Event; readonly data: HttpToolEvents[Event] };
}[keyof HttpToolEvents];
export type UpstreamError = Schemas['UpstreamError'];
export type SearchTool = Schemas['SearchTool'];
/** What was found, or `error` when the provider failed. */
export type SearchToolAnswer = Schemas['SearchToolAnswer'];
export type SearchToolFailed = Schemas['SearchToolFailed'];
export type SearchResult = Schemas['SearchResult'];

export type Problem = Schemas['Problem'];
export type ErrorCode = Schemas['ErrorCode'];
export type PolicyLabel = Schemas['PolicyLabel'];
export type StreamSnapshot = Schemas['StreamSnapshot'];

export type Capabilities = Schemas['Capabilities'];
export type EngineCapabilities = Schemas['EngineCapabilities'];
export type PoolCapabilities = Schemas['PoolCapabilities'];
export type DeterminismGrade = Schemas['DeterminismGrade'];

export type PoolHealth = ControlSchemas['PoolHealth'];
export type PoolList = ControlSchemas['PoolList'];
export type PoolState = ControlSchemas['PoolState'];
export type ReplicaHealth = ControlSchemas['ReplicaHealth'];
export type PoolDraining = ControlSchemas['PoolDraining'];
/** What a pool is to serve. */
export type ReloadPool = ControlSchemas['ReloadPool'];
export type PoolReloaded = ControlSchemas['PoolReloaded'];
export type ReloadPlan = ControlSchemas['ReloadPlan'];
/** The 409 of a reload: `failed_step`, `cause`, and what is `serving`. */
export type ReloadRefused = ControlSchemas['ReloadRefused'];
/** A model that is to be added to the catalog. */
export type CreateCatalogModel = ControlSchemas['CreateCatalogModel'];
export type CatalogModel = ControlSchemas['CatalogModel'];
export type CatalogModelList = ControlSchemas['CatalogModelList'];
export type InspectModel = ControlSchemas['InspectModel'];
export type ModelInspection = ControlSchemas['ModelInspection'];
export type StartFetch = ControlSchemas['StartFetch'];
export type ModelFetch = ControlSchemas['ModelFetch'];
export type ModelFetchList = ControlSchemas['ModelFetchList'];
export type ModelState = ControlSchemas['ModelState'];
export type SetModelState = ControlSchemas['SetModelState'];
export type ModelStateAccepted = ControlSchemas['ModelStateAccepted'];
export type ModelVerification = ControlSchemas['ModelVerification'];
export type VerificationStarted = ControlSchemas['VerificationStarted'];
export type ReplicaSet = Schemas['ReplicaSet'];
export type GpuSample = Schemas['GpuSample'];
export type AuditAction = ControlSchemas['AuditAction'];
export type AuditRow = ControlSchemas['AuditRow'];
export type AuditPage = ControlSchemas['AuditPage'];
/** A row, and what its decision was made from. */
export type AuditDetail = ControlSchemas['AuditDetail'];
export type AuditKey = ControlSchemas['AuditKey'];
export type PluginReport = ControlSchemas['PluginReport'];
export type PluginStatus = ControlSchemas['PluginStatus'];

/** Why a task was admitted, when its turn came, and where it ran. */
export type Decision = ControlSchemas['Decision'];
export type Receipt = ControlSchemas['Receipt'];
export type AdmissionReceipt = ControlSchemas['AdmissionReceipt'];
export type DispatchReceipt = ControlSchemas['DispatchReceipt'];
export type EvictionReceipt = ControlSchemas['EvictionReceipt'];
export type RequeueReceipt = ControlSchemas['RequeueReceipt'];
export type PreemptionReceipt = ControlSchemas['PreemptionReceipt'];
export type ReceiptDifference = ControlSchemas['ReceiptDifference'];
export type Counterfactual = ControlSchemas['Counterfactual'];
/** What if: `GET /v1/tasks/{id}/decision`. */
export type DecisionQuery = NonNullable<ControlOperations['getDecision']['parameters']['query']>;

export type StartedFrame = Schemas['StartedFrame'];
export type TokenFrame = Schemas['TokenFrame'];
export type MetricsFrame = Schemas['MetricsFrame'];
export type EndFrame = Schemas['EndFrame'];
export type ErrorFrame = Schemas['ErrorFrame'];
export type QueuedFrame = Schemas['QueuedFrame'];

/** Payload of each event of a task's stream. */
export interface StreamEvents {
  readonly started: StartedFrame;
  readonly token: TokenFrame;
  readonly metrics: MetricsFrame;
  readonly end: EndFrame;
  readonly error: ErrorFrame;
  readonly queued: QueuedFrame;
}

/** One frame of a task's stream. `id` is its place in the task's log; a `queued` frame repeats the last logged id. */
export type StreamFrame = {
  [Event in keyof StreamEvents]: { readonly id: number; readonly event: Event; readonly data: StreamEvents[Event] };
}[keyof StreamEvents];

/** Filters and paging of `GET /v1/tasks`. */
export type ListTasksQuery = NonNullable<DataOperations['listTasks']['parameters']['query']>;
/** Filters and paging of `GET /v1/artifacts`. */
export type ListArtifactsQuery = NonNullable<DataOperations['listArtifacts']['parameters']['query']>;
/** Paging of `GET /v1/sessions`. */
export type ListSessionsQuery = NonNullable<DataOperations['listSessions']['parameters']['query']>;
/** Paging of `GET /v1/pools`. */
export type ListAuditQuery = NonNullable<ControlOperations['listAudit']['parameters']['query']>;
/** Paging of `GET /v1/catalog/models`. */
export type ListModelsQuery = NonNullable<ControlOperations['listCatalogModels']['parameters']['query']>;
export type ListPoolsQuery = NonNullable<ControlOperations['listPools']['parameters']['query']>;
