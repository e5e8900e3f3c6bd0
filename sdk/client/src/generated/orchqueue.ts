// Generated from contracts/openapi by `npm run generate`; edit the contract instead.

export interface paths {
    readonly "/v1/tasks": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List tasks, newest first */
        readonly get: operations["listTasks"];
        readonly put?: never;
        /**
         * Submit a task
         * @description Answers once the task is admitted and recorded. Repeating the call with the same `task_id` and an equal body
         *     answers the recorded 202 with `Idempotency-Replayed: true` and does nothing else.
         */
        readonly post: operations["createTask"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/tasks/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Read one task */
        readonly get: operations["getTask"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/tasks/{id}/stream": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Follow a task as server-sent events
         * @description Sends the task's log from the cursor on and then follows it live. A frame has three lines: `id`, `event`, and
         *     one line of JSON in `data`. Exactly one terminal frame, `end` or `error`, closes every stream. A line with a
         *     lone colon keeps a silent connection open.
         */
        readonly get: operations["streamTask"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/tasks/{id}/cancel": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Cancel a task
         * @description Idempotent, also on a task that has ended. No `token` or `metrics` frame follows the answer.
         */
        readonly post: operations["cancelTask"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/sessions": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List sessions, newest first */
        readonly get: operations["listSessions"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/sessions/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Read one session
         * @description A session is made by the first accepted task that names it and is forgotten `sessions.ttl_ms` after its last
         *     task. Reading does not extend it. The members of budgets are there while budgets are set.
         */
        readonly get: operations["getSession"];
        readonly put?: never;
        readonly post?: never;
        /**
         * Forget a session
         * @description Idempotent. Running tasks of the session are cancelled first; its id may be used again and starts afresh.
         */
        readonly delete: operations["deleteSession"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/artifacts": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List records of artifacts, newest first
         * @description One item per call that put it; content that was put several times appears several times.
         */
        readonly get: operations["listArtifacts"];
        readonly put?: never;
        /**
         * Keep a result
         * @description The id is `sha256:` and the hex digest of the RFC 8785 form of {kind, content}: equal content has equal ids,
         *     wherever it is made. The content is stored once; each call adds a record of tags, parent and metadata. The answer is
         *     sent when both are durable. Known secrets and configured patterns in texts become `[redacted]` first, and the id is
         *     that of what is left. What has no exact form is refused: integers beyond ±(2^53−1), numbers beyond 64 bits, halves of
         *     surrogate pairs, a name that stands twice in one object. The body may have 16 MiB (`artifacts.max_bytes`).
         */
        readonly post: operations["createArtifact"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/artifacts/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Read an artifact
         * @description The content, with the newest record of the caller's tenant.
         */
        readonly get: operations["getArtifact"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/artifacts/{id}/content": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Read the bare content of an artifact
         * @description Bytes that were sent as base64 come with their media type, all other content as its RFC 8785 form. Browsers are told
         *     to save it and not to run it.
         */
        readonly get: operations["getArtifactContent"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/artifacts/{id}/records": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List all records of an artifact, newest first */
        readonly get: operations["listArtifactRecords"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/capabilities": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** What engines and pools offer right now */
        readonly get: operations["getCapabilities"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/replicasets": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Replicas that answer alike, with their load
         * @description Pools whose engine has not answered yet belong to no set.
         */
        readonly get: operations["listReplicaSets"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/tools/http": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Make one HTTP call for an agent
         * @description The daemon parses the URL once, checks the address, asks the policies, connects to the address that was checked,
         *     and does all of it again for each redirect. Every call, refused ones too, is in the audit log.
         *
         *     A call that was let through and failed at the far side answers 200 with `error` and no `status`. What guard,
         *     policies or limits refuse answers 403 `POLICY_DENIED`; `policy_code` says by which rule, `decision_id` finds the
         *     decision.
         *
         *     With `stream: true` the answer is `text/event-stream`: one `head`, then `chunk` after `chunk` as the far side
         *     sends, then exactly one `end` or `error`. A refusal stays a problem. Where a policy judges answers, the whole answer
         *     is read and judged before `head`, as it is without `stream`. Who closes the connection cancels the call.
         */
        readonly post: operations["callHttpTool"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/tools/search": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Search through the configured provider
         * @description The provider is a plugin; its calls go out through the same door as those of `callHttpTool`, with `search` as the
         *     name of the tool. Without a provider the answer is 404. A provider that fails answers 200 with `error` and no
         *     `results`.
         */
        readonly post: operations["search"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Id of a pool */
        readonly PoolId: string;
        /** @enum {string} */
        readonly Workload: "completion" | "embedding" | "rerank";
        /** @enum {string} */
        readonly Priority: "interactive" | "batch";
        /**
         * @description `exact`: equal tasks give equal bytes
         * @enum {string}
         */
        readonly DeterminismGrade: "exact" | "best_effort";
        /** @enum {string} */
        readonly FinishReason: "stop" | "length" | "cancelled" | "budget";
        /**
         * @description What a full queue does
         * @enum {string}
         */
        readonly PolicyLabel: "reject" | "drop-lru" | "shed-low-priority";
        /**
         * @description The last five are terminal
         * @enum {string}
         */
        readonly TaskState: "queued" | "dispatched" | "streaming" | "preempted" | "completed" | "cancelled" | "expired" | "evicted" | "failed";
        /**
         * @description Codes may be added, a code never changes its meaning
         * @enum {string}
         */
        readonly ErrorCode: "INVALID_PARAMS" | "DEADLINE_UNMET" | "UNTRUSTED_ARTIFACT" | "MODEL_DEPRECATED" | "ADMISSION_REJECT" | "QUEUE_FULL_DROP_LRU" | "POOL_UNREADY" | "POOL_UNAVAILABLE" | "REPLICA_EXHAUSTED" | "DECODE_TIMEOUT" | "WORKER_RESET" | "INTERNAL" | "UNAUTHENTICATED" | "FORBIDDEN" | "POLICY_DENIED" | "NOT_FOUND" | "CONFLICT" | "TURN_LIMIT" | "STREAM_GONE" | "PAYLOAD_TOO_LARGE" | "IDEMPOTENCY_MISMATCH" | "QUOTA_EXCEEDED" | "BUDGET_EXHAUSTED";
        readonly CreateTask: {
            /**
             * Format: uuid
             * @description Made by the server when absent; unique per tenant
             */
            readonly task_id?: string;
            /**
             * Format: uuid
             * @description Absent: no session, no affinity, no budgets
             */
            readonly session_id?: string;
            readonly workload: components["schemas"]["Workload"];
            /** @description What to run */
            readonly model_ref: string;
            /** @description A registered engine adapter; absent: any that serves the model */
            readonly engine?: string;
            /**
             * Format: int32
             * @description Context in tokens; 0 or absent: the default of the pool
             */
            readonly ctx?: number;
            readonly priority: components["schemas"]["Priority"];
            /**
             * Format: int64
             * @description At most 2^63−1; absent: derived from the task id
             */
            readonly seed?: number | string;
            /**
             * @description `strict` runs only where equal tasks give equal bytes
             * @enum {string}
             */
            readonly determinism?: "strict" | "best_effort";
            /** @description Absent: the profile of the pool */
            readonly sampler_profile_version?: string;
            /** @description The text to complete or the query to rank against */
            readonly prompt?: string;
            /** @description Chat turns */
            readonly messages?: readonly components["schemas"]["ChatMessage"][];
            /** @description Texts to embed or documents to rank */
            readonly inputs?: readonly string[];
            readonly params?: components["schemas"]["SamplingParams"];
            /**
             * Format: int32
             * @description Tokens to generate at most; required for a completion
             */
            readonly max_tokens?: number;
            /**
             * Format: int64
             * @description From receipt to the end; 0 or less is refused as DEADLINE_UNMET
             */
            readonly deadline_ms?: number | string;
            /**
             * Format: int32
             * @description A hint for predictions
             */
            readonly expected_tokens?: number;
            /**
             * @description Whether to run where the session is warm; `reuse` is the default in a session
             * @enum {string}
             */
            readonly kv_hint?: "reuse" | "cold";
            /**
             * @description What the loss of the last reader does; `detach`, the default, lets the task run on
             * @enum {string}
             */
            readonly on_disconnect?: "detach" | "cancel";
            /** @description Only pools with all these labels are candidates */
            readonly pool_labels?: {
                readonly [key: string]: string;
            };
        };
        readonly ChatMessage: {
            /** @enum {string} */
            readonly role: "system" | "user" | "assistant" | "tool";
            readonly content: string;
            readonly tool_calls?: readonly components["schemas"]["ToolCall"][];
            readonly tool_call_id?: string;
        };
        readonly ToolCall: {
            readonly id: string;
            /** @constant */
            readonly type: "function";
            readonly function: {
                readonly name: string;
                /** @description JSON text */
                readonly arguments: string;
            };
        };
        /** @description Absent values come from the sampler profile of the pool; what the engine lacks is refused */
        readonly SamplingParams: {
            readonly temperature?: number;
            readonly top_p?: number;
            /**
             * Format: int32
             * @description 0 is off
             */
            readonly top_k?: number;
            readonly min_p?: number;
            readonly presence_penalty?: number;
            readonly frequency_penalty?: number;
            readonly repeat_penalty?: number;
            readonly stop?: readonly string[];
            readonly response_format?: components["schemas"]["ResponseFormat"];
            readonly tools?: readonly components["schemas"]["Tool"][];
            readonly tool_choice?: ("auto" | "none" | "required") | {
                /** @constant */
                readonly type: "function";
                readonly function: {
                    readonly name: string;
                };
            };
        };
        readonly ResponseFormat: {
            /** @enum {string} */
            readonly type: "text" | "json_object" | "json_schema";
            readonly json_schema?: {
                readonly name?: string;
                readonly strict?: boolean;
                /** @description The JSON Schema the answer satisfies */
                readonly schema: {
                    readonly [key: string]: unknown;
                };
            };
        };
        readonly Tool: {
            /** @constant */
            readonly type: "function";
            readonly function: {
                readonly name: string;
                readonly description?: string;
                readonly strict?: boolean;
                /** @description JSON Schema of the arguments */
                readonly parameters?: {
                    readonly [key: string]: unknown;
                };
            };
        };
        readonly TaskAccepted: {
            /** Format: uuid */
            readonly task_id: string;
            /**
             * Format: int32
             * @description Tasks that would run first
             */
            readonly queue_position: number;
            /**
             * Format: int64
             * @description Median time until the start
             */
            readonly predicted_start_ms: number;
            /** Format: int64 */
            readonly predicted_start_p90_ms: number;
            /**
             * Format: int64
             * @description Pause before the next submission; 0 while the queue is at most half full
             */
            readonly backoff_ms: number;
            readonly pool_id: components["schemas"]["PoolId"];
            readonly seed: components["schemas"]["Seed"];
            /** @description Path of the stream */
            readonly stream: string;
        };
        /**
         * Format: int64
         * @description A number while exact in JSON, else decimal digits
         */
        readonly Seed: number | string;
        readonly Task: {
            /** Format: uuid */
            readonly task_id: string;
            /** Format: uuid */
            readonly session_id: string | null;
            readonly state: components["schemas"]["TaskState"];
            readonly priority: components["schemas"]["Priority"];
            readonly workload: components["schemas"]["Workload"];
            readonly model_ref: string;
            readonly engine: string | null;
            readonly engine_version: string | null;
            readonly pool_id: components["schemas"]["PoolId"];
            /** @description Null until a replica took the task */
            readonly replica_id: string | null;
            readonly model_digest: string | null;
            readonly seed: components["schemas"]["Seed"];
            /**
             * Format: int32
             * @description Null unless the task waits
             */
            readonly queue_position: number | null;
            /** Format: int64 */
            readonly predicted_start_ms: number | null;
            /** Format: int64 */
            readonly predicted_start_p90_ms: number | null;
            /**
             * Format: int32
             * @description Counted by the engine or estimated
             */
            readonly prompt_tokens?: number;
            /**
             * Format: int32
             * @description As asked for
             */
            readonly max_tokens?: number;
            /**
             * Format: int32
             * @description The hint of the caller
             */
            readonly expected_tokens?: number | null;
            /**
             * Format: int32
             * @description Tokens delivered so far
             */
            readonly tokens_out: number;
            /**
             * Format: int64
             * @description From the first token on
             */
            readonly decode_ms: number;
            readonly finish_reason: components["schemas"]["FinishReason"] | null;
            readonly error: components["schemas"]["ErrorFrame"] | null;
            /** Format: int64 */
            readonly created_ms: number;
            /** Format: int64 */
            readonly started_ms: number | null;
            /** Format: int64 */
            readonly ended_ms: number | null;
            /** Format: int64 */
            readonly deadline_at_ms: number | null;
            readonly correlation_id: string;
            /** @description Id of the artifact that keeps the stream */
            readonly transcript: string | null;
        };
        readonly TaskList: {
            readonly items: readonly components["schemas"]["Task"][];
            readonly next_cursor: string | null;
        };
        readonly Session: {
            /** Format: uuid */
            readonly session_id: string;
            /**
             * Format: int64
             * @description Time left without a task; full while one runs
             */
            readonly ttl_ms_remaining: number;
            /**
             * Format: int32
             * @description Accepted tasks
             */
            readonly turns: number;
            /**
             * Format: int64
             * @description 0 where the engine does not tell
             */
            readonly kv_bytes: number;
            /** @description The replica of the last task still holds the cache */
            readonly kv_warmth: boolean;
            /** Format: int64 */
            readonly tokens_budget_remaining?: number;
            /** Format: int64 */
            readonly time_budget_remaining_ms?: number;
            readonly cost_budget_remaining?: number;
        };
        /** @description Hash of what it says */
        readonly ArtifactId: string;
        /** @enum {string} */
        readonly ArtifactKind: "plan" | "summary" | "diff" | "trace" | "other";
        readonly ArtifactTag: string;
        readonly CreateArtifact: {
            readonly kind: components["schemas"]["ArtifactKind"];
            /** @description Any object; bytes as {media_type, encoding: "base64", data} */
            readonly content: {
                readonly [key: string]: unknown;
            };
            /** @description A record with the tag `keep` is left alone by the retention */
            readonly tags?: readonly components["schemas"]["ArtifactTag"][];
            /** @description Id of the artifact that this one was made from */
            readonly parent?: string;
            /** @description At most 64 KiB */
            readonly metadata?: {
                readonly [key: string]: unknown;
            };
        };
        readonly ArtifactCreated: {
            readonly id: components["schemas"]["ArtifactId"];
            readonly digest: components["schemas"]["ArtifactId"];
            readonly kind: components["schemas"]["ArtifactKind"];
            /** Format: int64 */
            readonly created_ms: number;
            readonly tags: readonly components["schemas"]["ArtifactTag"][];
            readonly parent: string | null;
            /** @description Secrets were taken out before it was hashed */
            readonly redacted: boolean;
            /** @description Absolute */
            readonly url: string;
        };
        /** @description What one call said of its content */
        readonly ArtifactRecord: {
            readonly id: components["schemas"]["ArtifactId"];
            readonly digest: components["schemas"]["ArtifactId"];
            readonly kind: components["schemas"]["ArtifactKind"];
            /** Format: int64 */
            readonly created_ms: number;
            readonly tags: readonly components["schemas"]["ArtifactTag"][];
            readonly parent: string | null;
            readonly metadata: {
                readonly [key: string]: unknown;
            };
            /**
             * Format: int64
             * @description Of the form that is hashed
             */
            readonly size_bytes: number;
            readonly redacted: boolean;
        };
        readonly ArtifactRecordList: {
            readonly items: readonly components["schemas"]["ArtifactRecord"][];
            readonly next_cursor: string | null;
        };
        readonly Artifact: components["schemas"]["ArtifactRecord"] & {
            readonly content: {
                readonly [key: string]: unknown;
            };
        };
        readonly SessionList: {
            readonly items: readonly components["schemas"]["Session"][];
            readonly next_cursor: string | null;
        };
        /** @description Tokens counted by the engine */
        readonly Usage: {
            /** Format: int32 */
            readonly prompt_tokens: number;
            /** Format: int32 */
            readonly cached_tokens?: number;
            /** Format: int32 */
            readonly completion_tokens: number;
        };
        /** @description A replica has taken the task; first, exactly once */
        readonly StartedFrame: {
            /**
             * Format: int32
             * @description As in the 202
             */
            readonly queue_position: number;
            /**
             * Format: int64
             * @description As in the 202
             */
            readonly predicted_start_ms: number;
            /** Format: int64 */
            readonly queue_time_ms?: number;
            readonly engine?: string;
            readonly engine_version?: string;
            readonly model_digest?: string | null;
            readonly pool_id?: components["schemas"]["PoolId"];
            readonly replica_id?: string;
            /** Format: int32 */
            readonly prompt_tokens?: number;
            readonly seed?: components["schemas"]["Seed"];
            readonly sampler_profile_version?: string;
            readonly determinism?: components["schemas"]["DeterminismGrade"];
            readonly kv_warmth?: boolean;
        };
        readonly TokenFrame: {
            /** @description Whole UTF-8; all t of a stream, joined, are the output */
            readonly t: string;
            /**
             * Format: int32
             * @description 0, 1, 2 … per token frame
             */
            readonly i: number;
            readonly logprob?: number;
            /** @description The text is reasoning, not answer */
            readonly reasoning?: boolean;
            readonly tool_call?: {
                /** Format: int32 */
                readonly index: number;
                readonly id?: string;
                readonly name?: string;
                readonly arguments?: string;
            };
        };
        /** @description Only after the first token */
        readonly MetricsFrame: {
            /** Format: int32 */
            readonly queue_depth: number;
            readonly on_time_probability: number;
            readonly kv_warmth?: boolean;
            /** Format: int64 */
            readonly tokens_budget_remaining?: number;
            /** Format: int64 */
            readonly time_budget_remaining_ms?: number;
            readonly cost_budget_remaining?: number;
            /** Format: int32 */
            readonly tokens_in?: number;
            /** Format: int32 */
            readonly tokens_out?: number;
            readonly gpu?: readonly components["schemas"]["GpuSample"][];
            readonly preempted?: boolean;
            readonly resumable?: boolean;
            readonly requeued?: boolean;
            /** @description The engine was lost on the way; another run repeated and goes on */
            readonly failover?: boolean;
            readonly kv_migrated?: boolean;
            readonly replica_id?: string;
        };
        readonly GpuSample: {
            /** Format: int32 */
            readonly device: number;
            readonly name?: string;
            /**
             * @description unknown: nothing was seen of the device for 30 s, or it was only declared
             * @enum {string}
             */
            readonly state?: "fresh" | "stale" | "unknown";
            readonly utilization?: number;
            /** Format: int64 */
            readonly vram_used_bytes?: number;
            /** Format: int64 */
            readonly vram_total_bytes?: number;
            /** @description Degrees Celsius */
            readonly temperature?: number;
            /** @description Watts */
            readonly power?: number;
        };
        /** @description Terminal; the task ended as it should or was cancelled */
        readonly EndFrame: {
            /**
             * Format: int32
             * @description Tokens delivered
             */
            readonly tokens_out: number;
            /**
             * Format: int64
             * @description First token to end
             */
            readonly decode_ms: number;
            readonly finish_reason?: components["schemas"]["FinishReason"];
            readonly usage?: components["schemas"]["Usage"];
            /** @description Result of an embedding or a rerank, in the order of inputs */
            readonly output?: {
                readonly embeddings?: readonly (readonly number[])[];
                readonly scores?: readonly number[];
            };
        };
        /** @description Terminal; why the task failed */
        readonly ErrorFrame: {
            readonly code: components["schemas"]["ErrorCode"];
            readonly message: string;
            readonly engine?: string | null;
            readonly pool_id?: string;
            readonly retriable?: boolean;
            /** Format: int32 */
            readonly retry_after_ms?: number;
            readonly policy_label?: components["schemas"]["PolicyLabel"];
            readonly correlation_id?: string;
        };
        /** @description Only for readers that ask; repeats the id of the last logged frame */
        readonly QueuedFrame: {
            /** Format: int32 */
            readonly position: number;
            /** Format: int64 */
            readonly predicted_start_ms: number;
            /** Format: int64 */
            readonly p90: number;
            /** Format: int64 */
            readonly eta_at_ms?: number;
        };
        readonly CallHttpTool: {
            /**
             * @description Absent: GET
             * @enum {string}
             */
            readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
            /** @description http or https, without credentials */
            readonly url: string;
            /** @description Those that belong to the connection, such as Host, Content-Length or Proxy-*, are refused */
            readonly headers?: {
                readonly [key: string]: string;
            };
            /** @description Text, sent as UTF-8; not with GET or HEAD */
            readonly body?: string;
            /** @description Bytes, in place of body; at most 1 MiB */
            readonly body_base64?: string;
            /** @description Names of `tools.secrets`; the daemon adds their headers after the decision, and shows them to nobody */
            readonly secrets?: readonly string[];
            /**
             * Format: int32
             * @description Bytes of the decoded answer that are read; default and most: `tools.max_bytes`
             */
            readonly max_bytes?: number;
            /**
             * Format: int32
             * @description Time of the whole call, redirects included; default and most: `tools.timeout_ms`
             */
            readonly timeout_ms?: number;
            /**
             * Format: uuid
             * @description A session of the caller, for policies and the audit
             */
            readonly session_id?: string;
            /**
             * Format: uuid
             * @description A task of the caller, whose labels policies see; also one that has ended, but was not cancelled
             */
            readonly task_id?: string;
            /** @description Media types that the answer may have, beside what the operator allows; absent: no further limit */
            readonly allowed_mime_types?: readonly string[];
            /** @description true: the answer is a stream of events */
            readonly stream?: boolean;
        };
        /** @description Names in lower case; values of a header that came several times are joined with a comma */
        readonly HttpToolHeaders: {
            readonly [key: string]: string;
        };
        /** @description The policy that decided; null when none was asked */
        readonly HttpToolPolicy: {
            readonly id: string;
            readonly version: string;
            /** @description allow, or modify when the call was changed */
            readonly decision: string;
        } | null;
        readonly HttpToolAnswer: components["schemas"]["HttpToolAnswered"] | components["schemas"]["HttpToolFailed"];
        /** @description Exactly one of body and body_base64 is there */
        readonly HttpToolAnswered: {
            readonly status: number;
            readonly headers: components["schemas"]["HttpToolHeaders"];
            /** @description When the media type is textual and the bytes are UTF-8 */
            readonly body?: string;
            /** @description Otherwise */
            readonly body_base64?: string;
            /** @description There was more than max_bytes */
            readonly truncated: boolean;
            /**
             * Format: int32
             * @description Decoded bytes that were read
             */
            readonly bytes: number;
            /** @description After redirects, without credentials */
            readonly final_url: string;
            readonly policy: components["schemas"]["HttpToolPolicy"];
            readonly decision_id: string;
            /**
             * Format: int64
             * @description Number of the audit row
             */
            readonly audit_seq: number;
            /** @description An answer that was kept for `tools.cache_ttl_ms`; policies were asked anew */
            readonly cached: boolean;
        };
        readonly HttpToolFailed: {
            readonly error: components["schemas"]["UpstreamError"];
            /** Format: int64 */
            readonly audit_seq: number;
        };
        /** @description The far side failed; sending the call again may help */
        readonly UpstreamError: {
            /**
             * @description Kinds may be added
             * @enum {string}
             */
            readonly kind: "dns" | "connect" | "tls" | "timeout" | "too_large" | "redirect" | "protocol" | "provider";
            readonly message: string;
        };
        readonly HttpToolHead: {
            readonly status: number;
            readonly headers: components["schemas"]["HttpToolHeaders"];
            readonly final_url: string;
            readonly policy: components["schemas"]["HttpToolPolicy"];
            readonly decision_id: string;
        };
        /** @description The next bytes: as text while media type and bytes allow it, otherwise as Base64 */
        readonly HttpToolChunk: {
            readonly text?: string;
            readonly base64?: string;
        };
        readonly HttpToolEnd: {
            /** Format: int32 */
            readonly bytes: number;
            /** @description There was more than max_bytes */
            readonly truncated: boolean;
            /** Format: int64 */
            readonly audit_seq: number;
        };
        readonly SearchTool: {
            readonly query: string;
            /**
             * Format: int32
             * @description Absent: 10
             */
            readonly limit?: number;
            /** Format: uuid */
            readonly session_id?: string;
            /** Format: uuid */
            readonly task_id?: string;
        };
        readonly SearchToolAnswer: components["schemas"]["SearchToolFound"] | components["schemas"]["SearchToolFailed"];
        readonly SearchToolFound: {
            readonly results: readonly components["schemas"]["SearchResult"][];
        };
        readonly SearchToolFailed: {
            readonly error: components["schemas"]["UpstreamError"];
        };
        readonly SearchResult: {
            readonly title: string;
            readonly url: string;
            readonly snippet: string;
        };
        readonly Capabilities: {
            /** @description The version of this document */
            readonly api_version: string;
            readonly engines: readonly components["schemas"]["EngineCapabilities"][];
            /** @description Models that are not loaded now, and load when a task asks for them; left out without any */
            readonly on_demand?: readonly components["schemas"]["OnDemandModel"][];
        };
        readonly OnDemandModel: {
            readonly pool_id: components["schemas"]["PoolId"];
            readonly engine: string;
            readonly model_id: string;
            readonly labels: {
                readonly [key: string]: string;
            };
        };
        readonly EngineCapabilities: {
            readonly engine: string;
            readonly engine_version: string;
            /** Format: int32 */
            readonly ctx_max: number;
            readonly supported_workloads: readonly components["schemas"]["Workload"][];
            /**
             * Format: int32
             * @description Slots of all Ready replicas
             */
            readonly concurrency: number;
            /** @description Empty when the caller has none */
            readonly rate_limits: {
                /** @description Tasks per second; the tighter of key and tenant */
                readonly rps?: number;
                /** @description Tasks at once */
                readonly burst?: number;
                /**
                 * Format: int32
                 * @description Tasks of the tenant that may wait and run at once
                 */
                readonly max_concurrent?: number;
                /**
                 * Format: int64
                 * @description Tokens of the tenant per minute
                 */
                readonly tokens_per_min?: number;
            };
            readonly features: {
                readonly determinism: components["schemas"]["DeterminismGrade"];
                readonly interruptible_decode: boolean;
                readonly tools: boolean;
                readonly json_schema: boolean;
                readonly fim: boolean;
            };
            readonly sampler_profiles: readonly string[];
            readonly pools: readonly components["schemas"]["PoolCapabilities"][];
        };
        readonly PoolCapabilities: {
            readonly pool_id: components["schemas"]["PoolId"];
            readonly model_id: string;
            readonly model_digest: string | null;
            /** Format: int32 */
            readonly ctx_max: number;
            /** Format: int32 */
            readonly slots_total: number;
            readonly load: components["schemas"]["Load"];
            /** @description The pool runs on the CPU by declaration */
            readonly cpu: boolean;
            readonly ready: boolean;
            readonly full_policy: components["schemas"]["PolicyLabel"];
            readonly labels: {
                readonly [key: string]: string;
            };
        };
        /** @description Busy slots over all of them; 0 without any */
        readonly Load: number;
        readonly ReplicaSet: {
            /** @description Equal for equal members of the set */
            readonly id: string;
            readonly engine: string;
            readonly engine_version: string;
            /** @description In the first of its pools */
            readonly model_id: string;
            readonly model_digest: string | null;
            readonly quant: string | null;
            /** Format: int32 */
            readonly ctx: number;
            readonly sampler_profile_version: string;
            readonly pools: readonly components["schemas"]["PoolId"][];
            readonly load: components["schemas"]["Load"];
            /**
             * Format: int32
             * @description Of Ready replicas
             */
            readonly slots_total: number;
            /** Format: int32 */
            readonly slots_free: number;
            readonly queue_depth: {
                /** Format: int32 */
                readonly interactive: number;
                /** Format: int32 */
                readonly batch: number;
            };
            readonly slo: {
                readonly interactive: components["schemas"]["SloState"];
                readonly batch: components["schemas"]["SloState"];
            };
        };
        /** @description Null without an objective for the class, and while nothing was measured lately */
        readonly SloState: {
            /** @description Of the worst of its pools */
            readonly ttft_p95_ms: number | null;
            readonly target_ms: number | null;
            readonly met: boolean | null;
        };
        /** @description Every refusal of a native route; a client retries only where `retriable` is true */
        readonly Problem: {
            /** @description Path of the page that explains the code */
            readonly type: string;
            readonly title: string;
            readonly status: number;
            /** @description What happened, to what, and what to do next */
            readonly detail: string;
            readonly instance: string;
            readonly code: components["schemas"]["ErrorCode"];
            /** @description Equals detail */
            readonly message: string;
            readonly retriable: boolean;
            readonly correlation_id: string;
            /** @description Always present on errors of a task */
            readonly engine?: string | null;
            readonly pool_id?: string;
            /**
             * Format: int32
             * @description On every 429, and on a retriable 503 or 409
             */
            readonly retry_after_ms?: number;
            readonly policy_label?: components["schemas"]["PolicyLabel"];
            /** @description Every violation found, with INVALID_PARAMS */
            readonly errors?: readonly {
                /** @description JSON Pointer into the body, or the name of a header or parameter after a slash */
                readonly pointer: string;
                readonly message: string;
            }[];
            /** @description With DEADLINE_UNMET */
            readonly predicted?: {
                /** Format: int64 */
                readonly start_p50_ms: number;
                /** Format: int64 */
                readonly start_p90_ms: number;
                /** Format: int64 */
                readonly decode_ms: number;
                /** Format: int64 */
                readonly deadline_ms: number | string;
            };
            /** @description With QUOTA_EXCEEDED, BUDGET_EXHAUSTED, TURN_LIMIT */
            readonly limit?: {
                readonly name: string;
                readonly value: number;
                readonly used: number;
            };
            /** @description With POLICY_DENIED */
            readonly policy?: {
                readonly id: string;
                readonly version: string;
                readonly reason: string;
            };
            /** @description With POLICY_DENIED: the rule that denied, in the words of the policy or the guard */
            readonly policy_code?: string;
            /** @description With POLICY_DENIED: what would be let through */
            readonly hint?: string;
            /** @description With POLICY_DENIED: finds the decision in the audit log */
            readonly decision_id?: string;
            readonly snapshot?: components["schemas"]["StreamSnapshot"];
        };
        /** @description With STREAM_GONE, the text so far; follow a running task with after = next_seq − 1, and epoch where there is one */
        readonly StreamSnapshot: {
            /** Format: uuid */
            readonly task_id: string;
            readonly state: components["schemas"]["TaskState"];
            readonly text: string;
            /** Format: int64 */
            readonly next_seq: number;
            readonly finish_reason: components["schemas"]["FinishReason"] | null;
            readonly error: components["schemas"]["ErrorFrame"] | null;
            readonly transcript: string | null;
            /**
             * Format: int64
             * @description Of a task that outlived a restart: send it with the cursor
             */
            readonly epoch?: number;
        };
    };
    responses: {
        /** @description `INVALID_PARAMS`, `DEADLINE_UNMET` or `UNTRUSTED_ARTIFACT` */
        readonly InvalidParams: {
            headers: {
                readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `UNAUTHENTICATED`: no key was sent */
        readonly Unauthenticated: {
            headers: {
                readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                readonly "WWW-Authenticate": components["headers"]["WwwAuthenticate"];
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/unauthenticated",
                 *       "title": "Key missing",
                 *       "status": 401,
                 *       "detail": "this route needs a key; send Authorization: Bearer <key>",
                 *       "instance": "/v1/tasks",
                 *       "code": "UNAUTHENTICATED",
                 *       "message": "this route needs a key; send Authorization: Bearer <key>",
                 *       "retriable": false,
                 *       "correlation_id": "9f2c1a52"
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `FORBIDDEN`, `POLICY_DENIED` or `MODEL_DEPRECATED` */
        readonly Forbidden: {
            headers: {
                readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/forbidden",
                 *       "title": "Forbidden",
                 *       "status": 403,
                 *       "detail": "the key lacks the scope infer; ask for a key that has it",
                 *       "instance": "/v1/tasks",
                 *       "code": "FORBIDDEN",
                 *       "message": "the key lacks the scope infer; ask for a key that has it",
                 *       "retriable": false,
                 *       "correlation_id": "9f2c1a52"
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `NOT_FOUND`: no such route, task, model or pool for this key */
        readonly NotFound: {
            headers: {
                readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/not-found",
                 *       "title": "Not found",
                 *       "status": 404,
                 *       "detail": "no model qwenn; near names: qwen",
                 *       "instance": "/v1/tasks",
                 *       "code": "NOT_FOUND",
                 *       "message": "no model qwenn; near names: qwen",
                 *       "engine": null,
                 *       "retriable": false,
                 *       "correlation_id": "9f2c1a52"
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `CONFLICT` (retriable while the same call is still running) or `TURN_LIMIT` */
        readonly Conflict: {
            headers: {
                readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                readonly "Retry-After": components["headers"]["RetryAfterIfRetriable"];
                readonly "X-Backoff-Ms": components["headers"]["BackoffMsIfRetriable"];
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/conflict",
                 *       "title": "Conflict",
                 *       "status": 409,
                 *       "detail": "this task is being admitted by another call; retry in 1 s",
                 *       "instance": "/v1/tasks",
                 *       "code": "CONFLICT",
                 *       "message": "this task is being admitted by another call; retry in 1 s",
                 *       "engine": "llamacpp",
                 *       "retriable": true,
                 *       "retry_after_ms": 1000,
                 *       "correlation_id": "9f2c1a52"
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The caller's copy is the artifact */
        readonly ArtifactNotModified: {
            headers: {
                readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                readonly ETag: components["headers"]["ArtifactTag"];
                readonly [name: string]: unknown;
            };
            content?: never;
        };
        /** @description `STREAM_GONE`: the log no longer holds the next frame */
        readonly StreamGone: {
            headers: {
                readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/stream-gone",
                 *       "title": "Stream position gone",
                 *       "status": 410,
                 *       "detail": "frames up to 90 are gone; take the snapshot and follow with after=120",
                 *       "instance": "/v1/tasks/0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f/stream",
                 *       "code": "STREAM_GONE",
                 *       "message": "frames up to 90 are gone; take the snapshot and follow with after=120",
                 *       "engine": "llamacpp",
                 *       "pool_id": "chat",
                 *       "retriable": false,
                 *       "correlation_id": "9f2c1a52",
                 *       "snapshot": {
                 *         "task_id": "0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f",
                 *         "state": "streaming",
                 *         "text": "old pond",
                 *         "next_seq": 121,
                 *         "finish_reason": null,
                 *         "error": null,
                 *         "transcript": null
                 *       }
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `PAYLOAD_TOO_LARGE`: the body is over its limit */
        readonly PayloadTooLarge: {
            headers: {
                readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/payload-too-large",
                 *       "title": "Payload too large",
                 *       "status": 413,
                 *       "detail": "the body is over 4194304 bytes; send less",
                 *       "instance": "/v1/tasks",
                 *       "code": "PAYLOAD_TOO_LARGE",
                 *       "message": "the body is over 4194304 bytes; send less",
                 *       "retriable": false,
                 *       "correlation_id": "9f2c1a52"
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `INVALID_PARAMS`: the body is not plain `application/json` */
        readonly UnsupportedMediaType: {
            headers: {
                readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/invalid-params",
                 *       "title": "Invalid parameters",
                 *       "status": 415,
                 *       "detail": "the body must be application/json, not compressed",
                 *       "instance": "/v1/tasks",
                 *       "code": "INVALID_PARAMS",
                 *       "message": "the body must be application/json, not compressed",
                 *       "retriable": false,
                 *       "correlation_id": "9f2c1a52",
                 *       "errors": [
                 *         {
                 *           "pointer": "",
                 *           "message": "must be application/json"
                 *         }
                 *       ]
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `IDEMPOTENCY_MISMATCH`: the id or key was used with another body */
        readonly IdempotencyMismatch: {
            headers: {
                readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/idempotency-mismatch",
                 *       "title": "Id or key reused with another body",
                 *       "status": 422,
                 *       "detail": "this task_id belongs to another body; use a new one",
                 *       "instance": "/v1/tasks",
                 *       "code": "IDEMPOTENCY_MISMATCH",
                 *       "message": "this task_id belongs to another body; use a new one",
                 *       "retriable": false,
                 *       "correlation_id": "9f2c1a52"
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `ADMISSION_REJECT`, `QUEUE_FULL_DROP_LRU`, `QUOTA_EXCEEDED` or `BUDGET_EXHAUSTED` */
        readonly TryLater: {
            headers: {
                readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                readonly "Retry-After": components["headers"]["RetryAfter"];
                readonly "X-Backoff-Ms": components["headers"]["BackoffMs"];
                readonly "X-Queue-Position": components["headers"]["QueuePosition"];
                readonly "X-Queue-ETA-Ms": components["headers"]["QueueEta"];
                readonly "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                readonly RateLimit: components["headers"]["RateLimit"];
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/admission-reject",
                 *       "title": "Queue full",
                 *       "status": 429,
                 *       "detail": "queue of pool chat is full (128); retry in 2 s",
                 *       "instance": "/v1/tasks",
                 *       "code": "ADMISSION_REJECT",
                 *       "message": "queue of pool chat is full (128); retry in 2 s",
                 *       "engine": "llamacpp",
                 *       "pool_id": "chat",
                 *       "retriable": true,
                 *       "retry_after_ms": 2000,
                 *       "policy_label": "reject",
                 *       "correlation_id": "9f2c1a52"
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `INTERNAL`, `DECODE_TIMEOUT` or `WORKER_RESET` */
        readonly Internal: {
            headers: {
                readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/internal",
                 *       "title": "Internal error",
                 *       "status": 500,
                 *       "detail": "the daemon failed to handle this request; report the correlation id",
                 *       "instance": "/v1/tasks",
                 *       "code": "INTERNAL",
                 *       "message": "the daemon failed to handle this request; report the correlation id",
                 *       "retriable": false,
                 *       "correlation_id": "9f2c1a52"
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `POOL_UNREADY`, `POOL_UNAVAILABLE` or `REPLICA_EXHAUSTED`; a known model that no pool serves is not retriable */
        readonly Unavailable: {
            headers: {
                readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                readonly "Retry-After": components["headers"]["RetryAfterIfRetriable"];
                readonly "X-Backoff-Ms": components["headers"]["BackoffMsIfRetriable"];
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/pool-unready",
                 *       "title": "Pool not ready",
                 *       "status": 503,
                 *       "detail": "pool chat is loading its model; retry in 4 s",
                 *       "instance": "/v1/tasks",
                 *       "code": "POOL_UNREADY",
                 *       "message": "pool chat is loading its model; retry in 4 s",
                 *       "engine": "llamacpp",
                 *       "pool_id": "chat",
                 *       "retriable": true,
                 *       "retry_after_ms": 4000,
                 *       "correlation_id": "9f2c1a52"
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /**
         * @description Echoed when it matches; any other value is replaced, never refused
         * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
         */
        readonly CorrelationId: string;
        /**
         * @description Name of the calling program, kept with the task
         * @example nightly-report
         */
        readonly ClientId: string;
        /**
         * @description Makes a repeated call answer the recorded 2xx; scoped to key, method and route
         * @example report-2026-11-20
         */
        readonly IdempotencyKey: string;
        /**
         * @description The task's id, any case
         * @example 0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f
         */
        readonly TaskId: string;
        /**
         * @description The session's id, any case
         * @example 0198f1d2-7c3a-7b21-8f3e-000000000001
         */
        readonly SessionId: string;
        /**
         * @description The artifact's id
         * @example sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21
         */
        readonly ArtifactId: components["schemas"]["ArtifactId"];
        /**
         * @description The `ETag` of a copy that the caller has; 304 when it is still the same, which it always is
         * @example "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21"
         */
        readonly IfNoneMatch: string;
        /**
         * @description Items per page
         * @example 50
         */
        readonly Limit: number;
        /**
         * @description The `next_cursor` of the page before
         * @example MDE5OGYxZDI
         */
        readonly Cursor: string;
    };
    requestBodies: never;
    headers: {
        /** @description Ties the answer to logs, metrics and the task */
        readonly CorrelationId: string;
        /** @description With a rate-limited key: tasks it may submit at once (q) and the seconds in which they come in again (w) */
        readonly RateLimitPolicy: string;
        /** @description With a rate-limited key: tasks it may submit now (r) and the seconds until it may submit one more (t) */
        readonly RateLimit: string;
        /** @description Where the task can be read */
        readonly TaskLocation: string;
        /** @description Where the artifact can be read */
        readonly ArtifactLocation: string;
        /** @description The id in quotes */
        readonly ArtifactTag: string;
        /** @description Present when a recorded answer is repeated */
        readonly IdempotencyReplayed: "true";
        /** @description Seconds to wait, rounded up */
        readonly RetryAfter: number;
        /** @description The same wait in milliseconds */
        readonly BackoffMs: number;
        /** @description Present when the body says retriable */
        readonly RetryAfterIfRetriable: number;
        /** @description Present when the body says retriable */
        readonly BackoffMsIfRetriable: number;
        /** @description Tasks that would run first */
        readonly QueuePosition: number;
        /** @description Milliseconds until the predicted start */
        readonly QueueEta: number;
        /** @description Tokens the session may still spend, with active budgets */
        readonly BudgetTokens: number;
        /** @description Decode time the session may still spend, with active budgets */
        readonly BudgetTime: number;
        /** @description Cost the session may still spend, with active budgets */
        readonly BudgetCost: number;
        /** @description How to authenticate */
        readonly WwwAuthenticate: "Bearer";
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readonly listTasks: {
        readonly parameters: {
            readonly query?: {
                /**
                 * @description Items per page
                 * @example 50
                 */
                readonly limit?: components["parameters"]["Limit"];
                /**
                 * @description The `next_cursor` of the page before
                 * @example MDE5OGYxZDI
                 */
                readonly cursor?: components["parameters"]["Cursor"];
                /**
                 * @description Only tasks in this state
                 * @example streaming
                 */
                readonly state?: components["schemas"]["TaskState"];
                /**
                 * @description Only tasks of this session
                 * @example 0198f1d2-7c3a-7b21-8f3e-000000000001
                 */
                readonly session_id?: string;
                /**
                 * @description Only tasks of this pool
                 * @example chat
                 */
                readonly pool_id?: components["schemas"]["PoolId"];
            };
            readonly header?: {
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One page of tasks */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [],
                     *       "next_cursor": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["TaskList"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly createTask: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
                /**
                 * @description Makes a repeated call answer the recorded 2xx; scoped to key, method and route
                 * @example report-2026-11-20
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description Name of the calling program, kept with the task
                 * @example nightly-report
                 */
                readonly "X-Client-Id"?: components["parameters"]["ClientId"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["CreateTask"];
            };
        };
        readonly responses: {
            /** @description Admitted and recorded */
            readonly 202: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly Location: components["headers"]["TaskLocation"];
                    readonly "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    readonly "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    readonly RateLimit: components["headers"]["RateLimit"];
                    readonly "X-Budget-Tokens-Remaining": components["headers"]["BudgetTokens"];
                    readonly "X-Budget-Time-Remaining-Ms": components["headers"]["BudgetTime"];
                    readonly "X-Budget-Cost-Remaining": components["headers"]["BudgetCost"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "task_id": "0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f",
                     *       "queue_position": 3,
                     *       "predicted_start_ms": 420,
                     *       "predicted_start_p90_ms": 910,
                     *       "backoff_ms": 0,
                     *       "pool_id": "chat",
                     *       "seed": 4242,
                     *       "stream": "/v1/tasks/0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f/stream"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["TaskAccepted"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 409: components["responses"]["Conflict"];
            readonly 413: components["responses"]["PayloadTooLarge"];
            readonly 415: components["responses"]["UnsupportedMediaType"];
            readonly 422: components["responses"]["IdempotencyMismatch"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly getTask: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path: {
                /**
                 * @description The task's id, any case
                 * @example 0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f
                 */
                readonly id: components["parameters"]["TaskId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The task */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "task_id": "0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f",
                     *       "session_id": null,
                     *       "state": "completed",
                     *       "priority": "interactive",
                     *       "workload": "completion",
                     *       "model_ref": "haiku-nano",
                     *       "engine": "embedded",
                     *       "engine_version": "1.0.0",
                     *       "pool_id": "default",
                     *       "replica_id": "default-0",
                     *       "model_digest": "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21",
                     *       "seed": 4242,
                     *       "queue_position": null,
                     *       "predicted_start_ms": 0,
                     *       "predicted_start_p90_ms": 0,
                     *       "tokens_out": 17,
                     *       "decode_ms": 84,
                     *       "finish_reason": "stop",
                     *       "error": null,
                     *       "created_ms": 1790000000000,
                     *       "started_ms": 1790000000004,
                     *       "ended_ms": 1790000000093,
                     *       "deadline_at_ms": null,
                     *       "correlation_id": "9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11",
                     *       "transcript": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Task"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly streamTask: {
        readonly parameters: {
            readonly query?: {
                /**
                 * @description Send frames whose id is greater than this one; wins over `Last-Event-ID`
                 * @example 12
                 */
                readonly after?: number;
                /**
                 * @description Which writing of the log the cursor belongs to: `X-Stream-Epoch` of the stream, or `epoch` of the snapshot, that it
                 *     comes from. Absent where there was none. Without it a cursor of after a restart may be refused as one of before.
                 * @example 1795254704964
                 */
                readonly epoch?: number;
                /**
                 * @description Ask for `queued` frames while the task waits
                 * @example queued
                 */
                readonly events?: "queued";
            };
            readonly header?: {
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
                /**
                 * @description The id of the last frame the reader has
                 * @example 12
                 */
                readonly "Last-Event-ID"?: number;
                /**
                 * @description Same as the query parameter `events`
                 * @example queued
                 */
                readonly "Accept-Events"?: "queued";
            };
            readonly path: {
                /**
                 * @description The task's id, any case
                 * @example 0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f
                 */
                readonly id: components["parameters"]["TaskId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The task's log */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    /** @description Keeps intermediaries from buffering or changing the stream */
                    readonly "Cache-Control"?: "no-cache, no-transform";
                    /** @description Switches proxy buffering off */
                    readonly "X-Accel-Buffering"?: "no";
                    /** @description Of a task that outlived a restart. Send it as `epoch` with cursors of this stream */
                    readonly "X-Stream-Epoch"?: number;
                    readonly "X-Queue-Position": components["headers"]["QueuePosition"];
                    readonly "X-Queue-ETA-Ms": components["headers"]["QueueEta"];
                    readonly "X-Budget-Tokens-Remaining": components["headers"]["BudgetTokens"];
                    readonly "X-Budget-Time-Remaining-Ms": components["headers"]["BudgetTime"];
                    readonly "X-Budget-Cost-Remaining": components["headers"]["BudgetCost"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/event-stream": string;
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 410: components["responses"]["StreamGone"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly cancelTask: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
                /**
                 * @description Makes a repeated call answer the recorded 2xx; scoped to key, method and route
                 * @example report-2026-11-20
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            readonly path: {
                /**
                 * @description The task's id, any case
                 * @example 0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f
                 */
                readonly id: components["parameters"]["TaskId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The task has ended */
            readonly 204: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 409: components["responses"]["Conflict"];
            readonly 413: components["responses"]["PayloadTooLarge"];
            readonly 415: components["responses"]["UnsupportedMediaType"];
            readonly 422: components["responses"]["IdempotencyMismatch"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly listSessions: {
        readonly parameters: {
            readonly query?: {
                /**
                 * @description Items per page
                 * @example 50
                 */
                readonly limit?: components["parameters"]["Limit"];
                /**
                 * @description The `next_cursor` of the page before
                 * @example MDE5OGYxZDI
                 */
                readonly cursor?: components["parameters"]["Cursor"];
            };
            readonly header?: {
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One page of sessions */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "session_id": "0198f1d2-7c3a-7b21-8f3e-000000000001",
                     *           "ttl_ms_remaining": 600000,
                     *           "turns": 1,
                     *           "kv_bytes": 0,
                     *           "kv_warmth": true
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["SessionList"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly getSession: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path: {
                /**
                 * @description The session's id, any case
                 * @example 0198f1d2-7c3a-7b21-8f3e-000000000001
                 */
                readonly id: components["parameters"]["SessionId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The session */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "session_id": "0198f1d2-7c3a-7b21-8f3e-000000000001",
                     *       "ttl_ms_remaining": 600000,
                     *       "turns": 1,
                     *       "kv_bytes": 0,
                     *       "kv_warmth": false,
                     *       "tokens_budget_remaining": 49000,
                     *       "time_budget_remaining_ms": 598000,
                     *       "cost_budget_remaining": 0.98
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Session"];
                };
            };
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly deleteSession: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path: {
                /**
                 * @description The session's id, any case
                 * @example 0198f1d2-7c3a-7b21-8f3e-000000000001
                 */
                readonly id: components["parameters"]["SessionId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description There is no such session any more */
            readonly 204: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly listArtifacts: {
        readonly parameters: {
            readonly query?: {
                /**
                 * @description Items per page
                 * @example 50
                 */
                readonly limit?: components["parameters"]["Limit"];
                /**
                 * @description The `next_cursor` of the page before
                 * @example MDE5OGYxZDI
                 */
                readonly cursor?: components["parameters"]["Cursor"];
                /**
                 * @description Only records with this tag; may be repeated, and then all must be there
                 * @example [
                 *       "feature-42"
                 *     ]
                 */
                readonly tag?: readonly components["schemas"]["ArtifactTag"][];
                /**
                 * @description Only artifacts of this kind
                 * @example plan
                 */
                readonly kind?: components["schemas"]["ArtifactKind"];
                /**
                 * @description Only what was made from this artifact
                 * @example sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21
                 */
                readonly parent?: components["schemas"]["ArtifactId"];
                /**
                 * @description Only what was put at this time or later
                 * @example 1790000000000
                 */
                readonly since_ms?: number;
            };
            readonly header?: {
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One page of records */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21",
                     *           "digest": "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21",
                     *           "kind": "plan",
                     *           "created_ms": 1790000000000,
                     *           "tags": [
                     *             "feature-42"
                     *           ],
                     *           "parent": null,
                     *           "metadata": {
                     *             "agent": "planner"
                     *           },
                     *           "size_bytes": 67,
                     *           "redacted": false
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ArtifactRecordList"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly createArtifact: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
                /**
                 * @description Makes a repeated call answer the recorded 2xx; scoped to key, method and route
                 * @example report-2026-11-20
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["CreateArtifact"];
            };
        };
        readonly responses: {
            /** @description It is kept */
            readonly 201: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly Location: components["headers"]["ArtifactLocation"];
                    readonly ETag: components["headers"]["ArtifactTag"];
                    readonly "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21",
                     *       "digest": "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21",
                     *       "kind": "plan",
                     *       "created_ms": 1790000000000,
                     *       "tags": [
                     *         "feature-42"
                     *       ],
                     *       "parent": null,
                     *       "redacted": false,
                     *       "url": "http://127.0.0.1:8080/v1/artifacts/sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ArtifactCreated"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 409: components["responses"]["Conflict"];
            readonly 413: components["responses"]["PayloadTooLarge"];
            readonly 415: components["responses"]["UnsupportedMediaType"];
            readonly 422: components["responses"]["IdempotencyMismatch"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly getArtifact: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description The `ETag` of a copy that the caller has; 304 when it is still the same, which it always is
                 * @example "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21"
                 */
                readonly "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path: {
                /**
                 * @description The artifact's id
                 * @example sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21
                 */
                readonly id: components["parameters"]["ArtifactId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The artifact */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly ETag: components["headers"]["ArtifactTag"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21",
                     *       "digest": "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21",
                     *       "kind": "plan",
                     *       "created_ms": 1790000000000,
                     *       "tags": [
                     *         "feature-42"
                     *       ],
                     *       "parent": null,
                     *       "metadata": {
                     *         "agent": "planner"
                     *       },
                     *       "size_bytes": 67,
                     *       "redacted": false,
                     *       "content": {
                     *         "steps": [
                     *           "read the spec",
                     *           "write the test"
                     *         ]
                     *       }
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Artifact"];
                };
            };
            readonly 304: components["responses"]["ArtifactNotModified"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly getArtifactContent: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description The `ETag` of a copy that the caller has; 304 when it is still the same, which it always is
                 * @example "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21"
                 */
                readonly "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path: {
                /**
                 * @description The artifact's id
                 * @example sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21
                 */
                readonly id: components["parameters"]["ArtifactId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The content */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly ETag: components["headers"]["ArtifactTag"];
                    /** @description Never shown in place */
                    readonly "Content-Disposition"?: "attachment";
                    /** @description Nothing in it may run */
                    readonly "Content-Security-Policy"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "steps": [
                     *         "read the spec",
                     *         "write the test"
                     *       ]
                     *     }
                     */
                    readonly "application/json": {
                        readonly [key: string]: unknown;
                    };
                    /** @example bytes */
                    readonly "*/*": string;
                };
            };
            readonly 304: components["responses"]["ArtifactNotModified"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly listArtifactRecords: {
        readonly parameters: {
            readonly query?: {
                /**
                 * @description Items per page
                 * @example 50
                 */
                readonly limit?: components["parameters"]["Limit"];
                /**
                 * @description The `next_cursor` of the page before
                 * @example MDE5OGYxZDI
                 */
                readonly cursor?: components["parameters"]["Cursor"];
            };
            readonly header?: {
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path: {
                /**
                 * @description The artifact's id
                 * @example sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21
                 */
                readonly id: components["parameters"]["ArtifactId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One page of records */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21",
                     *           "digest": "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21",
                     *           "kind": "plan",
                     *           "created_ms": 1790000000000,
                     *           "tags": [
                     *             "feature-42"
                     *           ],
                     *           "parent": null,
                     *           "metadata": {
                     *             "agent": "planner"
                     *           },
                     *           "size_bytes": 67,
                     *           "redacted": false
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ArtifactRecordList"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly getCapabilities: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One item per engine and version */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "api_version": "1.0.0",
                     *       "engines": [
                     *         {
                     *           "engine": "llamacpp",
                     *           "engine_version": "b6710",
                     *           "ctx_max": 8192,
                     *           "supported_workloads": [
                     *             "completion",
                     *             "embedding"
                     *           ],
                     *           "concurrency": 2,
                     *           "rate_limits": {
                     *             "rps": 20,
                     *             "burst": 40
                     *           },
                     *           "features": {
                     *             "determinism": "exact",
                     *             "interruptible_decode": false,
                     *             "tools": true,
                     *             "json_schema": true,
                     *             "fim": false
                     *           },
                     *           "sampler_profiles": [
                     *             "v1"
                     *           ],
                     *           "pools": [
                     *             {
                     *               "pool_id": "chat",
                     *               "model_id": "qwen",
                     *               "model_digest": "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21",
                     *               "ctx_max": 8192,
                     *               "slots_total": 2,
                     *               "load": 0.5,
                     *               "cpu": false,
                     *               "ready": true,
                     *               "full_policy": "reject",
                     *               "labels": {}
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Capabilities"];
                };
            };
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly listReplicaSets: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description All sets */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "id": "rs-0f343b093112",
                     *         "engine": "llamacpp",
                     *         "engine_version": "b6710",
                     *         "model_id": "qwen",
                     *         "model_digest": "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21",
                     *         "quant": "Q4_K_M",
                     *         "ctx": 8192,
                     *         "sampler_profile_version": "v1",
                     *         "pools": [
                     *           "chat"
                     *         ],
                     *         "load": 0.5,
                     *         "slots_total": 2,
                     *         "slots_free": 1,
                     *         "queue_depth": {
                     *           "interactive": 0,
                     *           "batch": 0
                     *         },
                     *         "slo": {
                     *           "interactive": {
                     *             "ttft_p95_ms": 210,
                     *             "target_ms": 900,
                     *             "met": true
                     *           },
                     *           "batch": {
                     *             "ttft_p95_ms": null,
                     *             "target_ms": null,
                     *             "met": null
                     *           }
                     *         }
                     *       }
                     *     ]
                     */
                    readonly "application/json": readonly components["schemas"]["ReplicaSet"][];
                };
            };
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly callHttpTool: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
                /**
                 * @description Makes a repeated call answer the recorded 2xx; scoped to key, method and route
                 * @example report-2026-11-20
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["CallHttpTool"];
            };
        };
        readonly responses: {
            /** @description What the far side answered, or why it did not */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["HttpToolAnswer"];
                    /**
                     * @example id: 1
                     *     event: head
                     *     data: {"status":200,"headers":{"content-type":"text/plain"},"final_url":"https://example.com/notes","policy":null,"decision_id":"0198f1d2-7c3a-7b21-8f3e-00000000d001"}
                     *
                     *     id: 2
                     *     event: chunk
                     *     data: {"text":"old pond"}
                     *
                     *     id: 3
                     *     event: end
                     *     data: {"bytes":8,"truncated":false,"audit_seq":4711}
                     */
                    readonly "text/event-stream": string;
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 409: components["responses"]["Conflict"];
            readonly 413: components["responses"]["PayloadTooLarge"];
            readonly 415: components["responses"]["UnsupportedMediaType"];
            readonly 422: components["responses"]["IdempotencyMismatch"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly search: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
                /**
                 * @description Makes a repeated call answer the recorded 2xx; scoped to key, method and route
                 * @example report-2026-11-20
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "query": "what is a lease",
                 *       "limit": 3
                 *     }
                 */
                readonly "application/json": components["schemas"]["SearchTool"];
            };
        };
        readonly responses: {
            /** @description What was found, best first, or why nothing could be */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["SearchToolAnswer"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 409: components["responses"]["Conflict"];
            readonly 413: components["responses"]["PayloadTooLarge"];
            readonly 415: components["responses"]["UnsupportedMediaType"];
            readonly 422: components["responses"]["IdempotencyMismatch"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
}
