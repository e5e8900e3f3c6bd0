// Generated from contracts/openapi by `npm run generate`; edit the contract instead.

export interface paths {
    readonly "/v1/pools": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List pools with their health */
        readonly get: operations["listPools"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pools/{id}/health": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Health of one pool */
        readonly get: operations["getPoolHealth"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pools/{id}/drain": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Take a pool out of service
         * @description At once nobody is admitted and no slot is given out. Waiting tasks move to another pool of the replica set that has
         *     room. When the running tasks have ended or the deadline has passed, what is left ends with `POOL_UNAVAILABLE` and
         *     the engines stop; a stop by force stands in `last_error`. A second call replaces the deadline. A reload, also with
         *     the current model, returns the pool to service; while one is under way a drain is refused.
         */
        readonly post: operations["drainPool"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pools/{id}/reload": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Give a pool another model, or the same one anew
         * @description All of it or nothing: `resolve` → `stage` → `verify` → `start` → `probe` → `shift` → `drain` → `commit`. The new
         *     model loads beside the old one; where memory is short, `drain` and `stop` come before `start`. Tasks that ask for
         *     the old model by a name that the new one does not have run on the old one first; those that are left at the
         *     deadline end with `POOL_UNAVAILABLE`. When a step fails, everything is undone and the old model serves. The
         *     caller's disconnect stops nothing.
         */
        readonly post: operations["reloadPool"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/catalog/models": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List models, newest first */
        readonly get: operations["listCatalogModels"];
        readonly put?: never;
        /**
         * Add a model
         * @description An equal model again is answered as it is and changes nothing; the same id with another digest, or with other
         *     members, is refused. Where the daemon made the entry for a pool, what is declared takes its place. Under a strict
         *     policy a model that is unsigned or cannot be verified is refused; under a permissive one `warnings` tell.
         */
        readonly post: operations["createCatalogModel"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/catalog/models/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Read a model */
        readonly get: operations["getCatalogModel"];
        readonly put?: never;
        readonly post?: never;
        /**
         * Remove a model
         * @description The entry is gone at once, its files follow after `catalog.delete_grace_hours`, and never while an engine uses them.
         *     Weights that an operator keeps elsewhere are not touched. A model that a pool serves is not removed.
         */
        readonly delete: operations["deleteCatalogModel"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/catalog/models/{id}/bom": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Write the bill of materials of a model
         * @description A CycloneDX 1.6 ML-BOM: the digest of the model, its files, where it comes from, and what the SBOM that came with it
         *     says of licences and pedigree. The same entry gives the same document.
         */
        readonly get: operations["getCatalogModelBom"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/catalog/models/{id}/verify": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Compare every byte of a model, and what is said of it
         * @description Answers at once; `last_verification` of the model tells how it ended. While one is under way its id is answered
         *     again. A model that fails is loaded by no engine until a verification passes.
         */
        readonly post: operations["verifyCatalogModel"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/catalog/models/{id}/state": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Retire a model, or take it into service again
         * @description `Retired`: new tasks get `MODEL_DEPRECATED` at once, the pools that serve it drain with the deadline and unload it;
         *     the entry and its files stay. `Active`: the pools that name it load it again. The state that it has changes nothing.
         */
        readonly post: operations["setCatalogModelState"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/catalog/models/{id}/fetch": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Fetch the weights of a model
         * @description The fetch goes on by itself; who asks for the same one joins it. One that broke off, over a restart too, goes on
         *     where it was.
         */
        readonly post: operations["fetchCatalogModel"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/catalog/inspections": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Look at a model before it is fetched
         * @description Resolves the ref, and reads the header of its weights by ranges: some kilobytes. `fit` compares weights and cache
         *     with the memory of the GPUs of this machine, were they empty.
         */
        readonly post: operations["inspectModel"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/catalog/fetches": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List fetches that are under way, and the last that ended */
        readonly get: operations["listFetches"];
        readonly put?: never;
        /**
         * Fetch weights by their ref
         * @description The fetch goes on by itself; the same ref and digest join it. Bytes that are not what `digest` says are refused and
         *     put away.
         */
        readonly post: operations["startFetch"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/catalog/fetches/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Read where a fetch is */
        readonly get: operations["getFetch"];
        readonly put?: never;
        readonly post?: never;
        /**
         * Call a fetch off
         * @description It ends for all who wait for it. What is here stays, and the same fetch goes on from there.
         */
        readonly delete: operations["cancelFetch"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/catalog/fetches/{id}/events": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Follow a fetch
         * @description A `progress` at once, then at most four in a second; the last one, `end`, says how the fetch ended.
         */
        readonly get: operations["followFetch"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/tasks/{id}/decision": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Read why a task was admitted, when its turn came, and where it ran
         * @description One receipt per admission, dispatch, eviction, suspension and requeue of the task, in their order: what was known, what was
         *     compared, what was chosen and why. Each is run through the code again before it is sent. Tasks of other tenants
         *     appear as `another-1`, `another-2`, ….
         */
        readonly get: operations["getDecision"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/artifacts/gc": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Collect artifacts now
         * @description Ends what is kept too long or is too much, and removes contents that nothing has referred to for the grace period.
         *     Otherwise this happens by itself every `artifacts.retention.gc_minutes`.
         */
        readonly post: operations["collectArtifacts"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/snapshots": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Copy the database for a backup
         * @description Copies the database as it is now into the folder `snapshots` of the data folder, while tasks go on; the copy before it
         *     is removed. `llama-orch backup` asks for it, checks it, and takes it along with everything else that must survive.
         */
        readonly post: operations["takeSnapshot"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/plugins": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Plugins as they were loaded, and policies as they are */
        readonly get: operations["listPlugins"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/audit": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List what was decided and done
         * @description Newest first; with `after` oldest first, the rows behind that one, for whoever follows the log. A key sees the rows
         *     of its tenant, one with the scope `admin` those of all. Rows are never changed: each holds the hash of the one
         *     before it, and `llama-orch audit verify` finds what was edited, removed or cut off.
         */
        readonly get: operations["listAudit"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/audit/{seq}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Read one row, and what its decision was made from */
        readonly get: operations["getAuditRow"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/audit-key": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Read the public key that checkpoints are signed with, and the end of the log
         * @description With the key alone anybody can verify an export. Whoever keeps `seq` and `hash` elsewhere has an anchor: it shows
         *     even that the whole log was put back to an older one.
         */
        readonly get: operations["getAuditKey"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/metrics": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Metrics as Prometheus text
         * @description A scrape changes no value.
         */
        readonly get: operations["getMetrics"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/livez": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Whether the process is alive
         * @description Ok while the event loop turned within 10 s.
         */
        readonly get: operations["getLive"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/healthz": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Alias of /livez */
        readonly get: operations["getHealth"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/readyz": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Whether the process takes tasks
         * @description Ok when the config is loaded, the store accepts a write and the process is not draining. A loaded model is not needed.
         */
        readonly get: operations["getReady"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/problems/{slug}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** What an error code means and what to do */
        readonly get: operations["getProblem"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/openapi/{name}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A document of this API */
        readonly get: operations["getOpenApi"];
        readonly put?: never;
        readonly post?: never;
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
        readonly ArtifactsCollected: {
            /**
             * Format: int64
             * @description Records that were too old
             */
            readonly rows_expired: number;
            /**
             * Format: int64
             * @description Records that gave way to newer ones
             */
            readonly rows_displaced: number;
            /** Format: int64 */
            readonly blobs_removed: number;
            /**
             * Format: int64
             * @description Contents without a record whose grace is not over
             */
            readonly blobs_waiting: number;
            /** Format: int64 */
            readonly bytes_freed: number;
            /**
             * Format: int64
             * @description Of all contents that records refer to
             */
            readonly bytes_kept: number;
        };
        readonly StoreSnapshot: {
            /** @description Of the file */
            readonly name: string;
            /** Format: int64 */
            readonly size_bytes: number;
            /** Format: int64 */
            readonly created_ms: number;
        };
        readonly DrainPool: {
            readonly deadline_ms: components["schemas"]["PoolDeadline"];
        };
        /**
         * Format: int64
         * @description Time after which tasks that still hold it up are ended; 0 = at once
         */
        readonly PoolDeadline: number | string;
        readonly PoolDraining: {
            /** @enum {string} */
            readonly status: "draining";
            readonly pool_id: components["schemas"]["PoolId"];
            /** Format: int64 */
            readonly deadline_ms: number;
        };
        readonly ReloadPool: {
            /** @description A model ref, also the current one */
            readonly new_model_ref: string;
            readonly deadline_ms?: components["schemas"]["PoolDeadline"];
            /** @description What the weights must have; compared before any engine sees a local file */
            readonly digest?: string;
        };
        readonly ServedModel: {
            readonly model_ref: string;
            readonly model_digest: string | null;
        };
        readonly PoolReloaded: {
            /** @enum {string} */
            readonly status: "ok";
            readonly pool_id: components["schemas"]["PoolId"];
            readonly model_ref: string;
            readonly model_digest: string | null;
            readonly engine_version: string;
            /** Format: int64 */
            readonly took_ms: number;
        };
        readonly ReloadPlan: {
            /** @enum {string} */
            readonly status: "plan";
            readonly pool_id: components["schemas"]["PoolId"];
            readonly from: components["schemas"]["ServedModel"];
            readonly to: components["schemas"]["ServedModel"];
            /**
             * Format: int64
             * @description Null where they are no local file
             */
            readonly weights_bytes: number | null;
            readonly tasks: {
                readonly running: number;
                readonly waiting: number;
                /** @description By a name that the new one does not have */
                readonly waiting_for_old_model: number;
            };
            /** @description What would be done, for people */
            readonly steps: readonly string[];
        };
        readonly ReloadRefused: components["schemas"]["Problem"] & {
            /**
             * @description Nothing has changed
             * @enum {string}
             */
            readonly reload: "rollback";
            /** @enum {string} */
            readonly failed_step: "busy" | "resolve" | "stage" | "verify" | "drain" | "stop" | "start" | "probe" | "shift" | "commit";
            /** @description Absent with `busy` */
            readonly cause?: {
                readonly code: string;
                readonly message: string;
            };
            /** @description What is served now; null when the pool serves nothing */
            readonly serving: components["schemas"]["ServedModel"] | null;
        };
        /** @description Id of a model in the catalog */
        readonly CatalogId: string;
        /** @description Of the one file, else of the RFC 8785 form of the manifests, sorted by path */
        readonly ModelDigest: string;
        /** @enum {string} */
        readonly ModelState: "Active" | "Retired";
        readonly ModelManifest: {
            /** @description Relative to the model, with / between its parts */
            readonly path: string;
            readonly digest: components["schemas"]["ModelDigest"];
            /** Format: int64 */
            readonly size_bytes: number;
        };
        readonly DeclaredSignature: {
            readonly signer: string;
            readonly algo: string;
            /** @description Counts for nothing; the daemon verifies by itself */
            readonly verified?: boolean;
            /** Format: int64 */
            readonly timestamp_ms?: number;
            /** @description The signed bundle (OpenSSF model signing, Sigstore bundle) as JSON */
            readonly bundle?: {
                readonly [key: string]: unknown;
            };
        };
        readonly ModelSignature: {
            readonly signer: string;
            readonly algo: string;
            /** @description What the last look at the model found */
            readonly verified: boolean;
            /** Format: int64 */
            readonly timestamp_ms: number | null;
        };
        /** @description A CycloneDX document; it may have any further member of that format */
        readonly ModelBom: {
            /** @enum {string} */
            readonly bomFormat: "CycloneDX";
            /** @enum {string} */
            readonly specVersion: "1.6";
            readonly serialNumber: string;
            readonly version: number;
            readonly metadata: {
                readonly component: {
                    /** @enum {string} */
                    readonly type: "machine-learning-model";
                    readonly name: string;
                };
            };
        };
        readonly DeclaredSbom: {
            readonly uri: string;
            readonly digest: components["schemas"]["ModelDigest"];
            /** @description The CycloneDX document itself */
            readonly text?: string;
        };
        /** @description What the model must prove; the stricter of this and the configuration counts */
        readonly DeclaredTrustPolicy: {
            /** @enum {string} */
            readonly mode?: "permissive" | "strict";
            readonly allowed_registries?: readonly string[];
            readonly require_signature?: boolean;
            readonly require_sbom?: boolean;
            /** @description Keys and certificates (PEM) of those that the configuration trusts; none: all of them */
            readonly ca_roots?: readonly string[];
        };
        readonly CreateCatalogModel: {
            readonly id: components["schemas"]["CatalogId"];
            readonly digest: components["schemas"]["ModelDigest"];
            /** @description A model ref that leads to the weights */
            readonly source_url?: string;
            readonly version?: string;
            readonly aliases?: readonly components["schemas"]["CatalogId"][];
            readonly tags?: readonly string[];
            readonly manifests?: readonly components["schemas"]["ModelManifest"][];
            readonly signatures?: readonly components["schemas"]["DeclaredSignature"][];
            readonly sbom?: components["schemas"]["DeclaredSbom"];
            readonly trust_policy?: components["schemas"]["DeclaredTrustPolicy"];
            /** @description `false` declares the model unsigned; `true` proves nothing */
            readonly signed?: boolean;
        };
        readonly ModelVerification: {
            readonly id: string;
            /** @enum {string} */
            readonly state: "running" | "pass" | "warn" | "fail";
            /** @description What kept it from `pass`, such as `digest-mismatch` */
            readonly reason: string | null;
            /** Format: int64 */
            readonly started_ms: number;
            /** Format: int64 */
            readonly finished_ms: number | null;
        };
        readonly CatalogModel: {
            readonly id: components["schemas"]["CatalogId"];
            /** @description Null while the digest of a model that a pool named is not known */
            readonly digest: string | null;
            /** @description Null also for a local path where the key lacks the scope control */
            readonly source_url: string | null;
            readonly version: string | null;
            readonly aliases: readonly string[];
            readonly tags: readonly string[];
            readonly manifests: readonly components["schemas"]["ModelManifest"][];
            readonly signatures: readonly components["schemas"]["ModelSignature"][];
            readonly sbom: null | {
                readonly uri: string;
                readonly digest: string;
            };
            readonly trust_policy: null | components["schemas"]["DeclaredTrustPolicy"];
            readonly state: components["schemas"]["ModelState"];
            /** @description The weights are on this machine, or the engine brings them along */
            readonly local: boolean;
            /**
             * Format: int64
             * @description Null while nobody knows it
             */
            readonly size_bytes: number | null;
            /** Format: int64 */
            readonly created_ms: number;
            /** @description Id of the key; `local` without keys, `pool` when a pool names the model */
            readonly added_by: string;
            /** @description What the source was resolved to; it leads to these very bytes */
            readonly resolved_ref: string | null;
            /** @description Its bytes were found wrong; no engine loads it */
            readonly quarantined: boolean;
            readonly last_verification: null | components["schemas"]["ModelVerification"];
            /** @description The fetch of its weights that is under way, or ended last */
            readonly fetch: null | components["schemas"]["ModelFetch"];
            readonly warnings: readonly string[];
        };
        /** @description A model ref that leads elsewhere: hf:…, repo:…, https://…, s3://… or oci://… */
        readonly FetchRef: string;
        readonly StartFetch: {
            readonly ref: components["schemas"]["FetchRef"];
            readonly digest?: components["schemas"]["ModelDigest"];
        };
        readonly InspectModel: {
            readonly ref: components["schemas"]["FetchRef"];
            readonly digest?: components["schemas"]["ModelDigest"];
            /** @description Tokens of one request. Default: the limit of the model, at most 8192 */
            readonly ctx?: number;
            /** @description Requests at the same time; 1 if it is left out */
            readonly slots?: number;
        };
        readonly ModelInspection: {
            readonly ref: string;
            /** @description Leads to these very bytes */
            readonly pinned_ref: string;
            readonly revision: string | null;
            readonly registry: string;
            /** @description Null where the source does not tell it */
            readonly digest: string | null;
            /** Format: int64 */
            readonly size_bytes: number | null;
            readonly files: number;
            /** Format: int64 */
            readonly weights_bytes: number | null;
            /**
             * Format: int64
             * @description Null where the header does not tell it
             */
            readonly kv_bytes: number | null;
            /** @description Tokens of one request that kv_bytes is for */
            readonly ctx: number | null;
            /**
             * @description `fits` on one GPU, `spread` over several; `unknown` without GPUs or without a size
             * @enum {string}
             */
            readonly fit: "fits" | "spread" | "too_large" | "unknown";
            readonly devices_bytes: readonly number[];
        };
        readonly ModelFetch: {
            readonly id: string;
            readonly ref: string;
            /** @enum {string} */
            readonly state: "waiting" | "resolving" | "fetching" | "checking" | "done" | "failed" | "cancelled";
            /**
             * Format: int64
             * @description Never less than before
             */
            readonly bytes: number;
            /**
             * Format: int64
             * @description Null while the source does not tell
             */
            readonly total: number | null;
            readonly percent: number | null;
            /**
             * Format: int64
             * @description Over the last ten seconds
             */
            readonly bytes_per_s: number;
            /** Format: int64 */
            readonly eta_ms: number | null;
            /** @description No byte came for ten seconds */
            readonly stalled: boolean;
            readonly files: number;
            readonly files_done: number;
            readonly digest: string | null;
            readonly error: string | null;
        };
        readonly ModelFetchList: {
            readonly items: readonly components["schemas"]["ModelFetch"][];
        };
        readonly CatalogModelList: {
            readonly items: readonly components["schemas"]["CatalogModel"][];
            readonly next_cursor: string | null;
        };
        readonly VerificationStarted: {
            /** @enum {string} */
            readonly status: "started";
            readonly verification_id: string;
        };
        readonly SetModelState: {
            readonly state: components["schemas"]["ModelState"];
            readonly deadline_ms?: components["schemas"]["PoolDeadline"];
        };
        readonly ModelStateAccepted: {
            /** @enum {string} */
            readonly status: "accepted";
            readonly state: components["schemas"]["ModelState"];
        };
        /** @enum {string} */
        readonly PoolState: "unloaded" | "provisioning" | "preloading" | "ready" | "draining" | "reloading" | "backoff" | "failed" | "stopped";
        readonly PoolList: {
            readonly items: readonly components["schemas"]["PoolHealth"][];
            readonly next_cursor: string | null;
        };
        readonly PoolHealth: {
            readonly pool_id: components["schemas"]["PoolId"];
            readonly live: boolean;
            readonly ready: boolean;
            readonly draining: boolean;
            readonly state: components["schemas"]["PoolState"];
            /** @description The pool runs on the CPU by declaration */
            readonly cpu: boolean;
            /** @description The model loads when a task asks for it, and is unloaded to make room or when idle */
            readonly on_demand?: boolean;
            /** @description Batch tasks are refused until interactive ones wait less */
            readonly shedding?: boolean;
            readonly last_error: {
                readonly code: string;
                readonly message: string;
                /** Format: int64 */
                readonly at_ms: number;
                /** @description Why the engine failed, in one word of a closed list, such as vram_exhausted or driver_reset */
                readonly reason?: string;
                /**
                 * @description The self-test that failed
                 * @enum {string}
                 */
                readonly self_test?: "preload" | "decode" | "cancel" | "telemetry";
            } | null;
            readonly engine: string;
            /** @description Null until an engine answered */
            readonly engine_version: string | null;
            readonly model_id: string;
            readonly model_digest: string | null;
            readonly replicas: readonly components["schemas"]["ReplicaHealth"][];
            /** @description What replicas are started with, where the smallest of their GPUs carries no more */
            readonly kv_cap?: {
                /** Format: int32 */
                readonly slots: number;
                /** Format: int32 */
                readonly ctx: number;
            };
            readonly metrics: {
                readonly queue_depth: {
                    /** Format: int32 */
                    readonly interactive: number;
                    /** Format: int32 */
                    readonly batch: number;
                };
                readonly gpu: readonly components["schemas"]["GpuSample"][];
                /** @description Decode rate of one slot, smoothed; null before the first measurement */
                readonly tokens_per_s: number | null;
                readonly first_token_ms: number | null;
            };
        };
        readonly ReplicaHealth: {
            readonly replica_id: string;
            readonly device_mask: readonly number[];
            readonly ready: boolean;
            /** Format: int32 */
            readonly slots_total: number;
            /** Format: int32 */
            readonly slots_free: number;
            /** Format: int32 */
            readonly active_leases: number;
            /** Format: int64 */
            readonly vram_total_bytes: number | null;
            /** Format: int64 */
            readonly vram_free_bytes: number | null;
            /** Format: int64 */
            readonly last_heartbeat_ms: number | null;
            /** Format: int32 */
            readonly restart_count: number;
        };
        /** @enum {string} */
        readonly AuditAction: "tool.request" | "tool.response" | "download.request" | "download.response" | "admission" | "policy.load" | "policy.swap" | "policy.quarantine" | "pool.drain" | "pool.reload" | "pool.lifecycle" | "model.add" | "model.remove" | "model.state" | "model.verify" | "config.load" | "audit.start" | "audit.checkpoint" | "audit.cut";
        readonly AuditPage: {
            readonly items: readonly components["schemas"]["AuditRow"][];
            readonly next_cursor: string | null;
        };
        readonly AuditRow: {
            /**
             * Format: int64
             * @description 1, 2, 3, … without a gap
             */
            readonly seq: number;
            /**
             * Format: int64
             * @description Unix time
             */
            readonly ts_ms: number;
            /** @description Id of the key; `local` without keys, `system` for the daemon itself */
            readonly actor: string;
            readonly tenant: string;
            readonly action: components["schemas"]["AuditAction"];
            /** @description What it was done to: a host, a pool, a policy */
            readonly target: string;
            /** @description `allow`, `deny`, `modify`, `limit`, or `ok` and `failed` */
            readonly decision: string;
            /** @description The policy that decided */
            readonly plugin: string | null;
            readonly version: string | null;
            /** @description Of the module of the policy */
            readonly digest: string | null;
            readonly code: string | null;
            readonly reason: string | null;
            /** @description Without secrets */
            readonly url: string | null;
            /** Format: int64 */
            readonly bytes_in: number;
            /** Format: int64 */
            readonly bytes_out: number;
            /** Format: int64 */
            readonly latency_us: number;
            /** Format: int64 */
            readonly fuel: number | null;
            /** @description The session that it was done for */
            readonly session_id: string | null;
            /** @description The task that it was done for */
            readonly task_id: string | null;
            readonly correlation_id: string | null;
            readonly decision_id: string | null;
            /** @description SHA-256 of the decision record */
            readonly record: string | null;
            readonly checkpoint: null | {
                /**
                 * Format: int64
                 * @description First row that it covers
                 */
                readonly from_seq: number;
                /** @description Over the lines of the rows that it covers */
                readonly rows_sha256: string;
                /** @description SHA-256 of the public key */
                readonly key: string;
                /** @description Ed25519, in base64 */
                readonly signature: string;
            };
            readonly prev_hash: string;
            /** @description HMAC-SHA-256 over the canonical row */
            readonly hash: string;
        };
        readonly AuditDetail: {
            readonly row: components["schemas"]["AuditRow"];
            /** @description What the decision was made from, without secrets; null where none is kept */
            readonly record: null | {
                readonly [key: string]: unknown;
            };
        };
        readonly AuditKey: {
            /** @enum {string} */
            readonly algorithm: "Ed25519";
            /** @description PEM */
            readonly public_key: string;
            /** @description The last row on disk */
            readonly head: {
                /** Format: int64 */
                readonly seq: number;
                readonly hash: string;
            };
        };
        readonly PluginReport: {
            /** @description Version of the plugin contracts of this daemon */
            readonly api_version: string;
            readonly items: readonly components["schemas"]["PluginStatus"][];
        };
        readonly PluginStatus: {
            readonly kind: string;
            readonly id: string;
            readonly version: string;
            readonly package: string;
            /**
             * @description quarantined: a policy that overran its bounds too often and is not asked for a while; `error` says when it is tried again
             * @enum {string}
             */
            readonly state: "loaded" | "failed" | "quarantined";
            readonly took_ms: number;
            /** @description Why it failed; of a policy also why its changed module is not taken: the one before goes on */
            readonly error?: string;
            /** @description Of the module of a policy */
            readonly digest?: string;
            /**
             * @description Of a policy
             * @enum {string}
             */
            readonly mode?: "enforce" | "monitor";
            /** @description At which a policy is asked */
            readonly hooks?: readonly string[];
        };
        readonly Decision: {
            /** Format: uuid */
            readonly task_id: string;
            /** @description False when the oldest receipts are forgotten */
            readonly complete: boolean;
            /** @description The same code, run now on the same inputs, decides the same */
            readonly replayed: boolean;
            readonly differences: readonly components["schemas"]["ReceiptDifference"][];
            readonly receipts: readonly components["schemas"]["Receipt"][];
            readonly counterfactual: components["schemas"]["Counterfactual"] | null;
        };
        readonly ReceiptDifference: {
            /** @description Index in `receipts` */
            readonly receipt: number;
            readonly member: string;
            /** @description What the receipt says */
            readonly recorded: unknown;
            /** @description What the code says now */
            readonly replayed: unknown;
        };
        readonly Receipt: components["schemas"]["AdmissionReceipt"] | components["schemas"]["DispatchReceipt"] | components["schemas"]["EvictionReceipt"] | components["schemas"]["RequeueReceipt"] | components["schemas"]["PreemptionReceipt"];
        readonly ReceiptBase: {
            readonly task_id: components["schemas"]["TaskName"];
            readonly pool_id: components["schemas"]["PoolId"];
            /**
             * Format: int64
             * @description Unix time
             */
            readonly at_ms: number;
            /** @description The monotonic clock that all intervals are measured with */
            readonly clock_ms: number;
            /** @description Version of the daemon */
            readonly software: string;
            readonly plugins: {
                readonly discipline: string;
                readonly placement: string;
            };
            readonly why: string;
            /** @description SHA-256 over all other members as canonical JSON (RFC 8785) */
            readonly digest: string;
        };
        /** @description A task id, or `another-<n>` for a task of another tenant; the numbers hold inside one receipt */
        readonly TaskName: string;
        readonly AdmissionReceipt: components["schemas"]["ReceiptBase"] & {
            /** @enum {string} */
            readonly kind: "admission";
            readonly inputs: {
                readonly priority: components["schemas"]["Priority"];
                /** @description Time that was left */
                readonly deadline_ms: number | null;
                /** @description Prefill and decode, as predicted */
                readonly service_p50_ms: number;
                readonly room: components["schemas"]["RoomFacts"];
                /** @description What a newcomer of each class would have found */
                readonly outlook: {
                    readonly interactive: components["schemas"]["StartOutlook"];
                    readonly batch: components["schemas"]["StartOutlook"];
                };
            };
            /** @description The pools that were compared; empty when only one could take the task */
            readonly candidates: readonly {
                readonly pool_id: components["schemas"]["PoolId"];
                readonly starts_at_once: boolean;
                readonly has_room: boolean;
                readonly start_p50_ms: number;
            }[];
            /** @description The same pools, best first; a lower score is better */
            readonly scores: readonly {
                readonly pool_id: components["schemas"]["PoolId"];
                readonly score: number;
                readonly why: string;
            }[];
            readonly chosen: {
                readonly pool_id: components["schemas"]["PoolId"];
                readonly room: components["schemas"]["RoomVerdict"];
                /** @description The full-queue policy that was applied */
                readonly policy: string | null;
                /** @description Code of the refusal */
                readonly code: string | null;
                readonly victim: components["schemas"]["TaskName"] | null;
                /** @description Null without a deadline */
                readonly meets_deadline: boolean | null;
                readonly queue_position: number | null;
                readonly predicted_start_ms: number | null;
                readonly predicted_start_p90_ms: number | null;
            };
        };
        readonly DispatchReceipt: components["schemas"]["ReceiptBase"] & {
            /** @enum {string} */
            readonly kind: "dispatch";
            readonly inputs: {
                /** @description The task as queue and placement saw it; times on the monotonic clock */
                readonly item: {
                    /** @description Tenant and task id, as plugins see them */
                    readonly task_id: string;
                    readonly tenant_id: string | null;
                    readonly session_id: string | null;
                    readonly priority: components["schemas"]["Priority"];
                    readonly enqueued_at_ms: number;
                    readonly deadline_at_ms: number | null;
                    /** @description Expected tokens */
                    readonly cost: number | null;
                };
                /** @description Tasks that stayed in the queue */
                readonly waiting: number;
                /** @description Replica of the session's last answer */
                readonly wish: string | null;
                /** @description Share of busy slots, above the least of all candidates, up to which the wish is followed; null: always */
                readonly affinity_max_load: number | null;
                /** @description Null where the strategy does not rank by it */
                readonly size: {
                    readonly prompt_tokens: number;
                    /** @description Tokens of the answer */
                    readonly expected_tokens: number;
                } | null;
            };
            /** @description Ready replicas with a free slot, with the facts that the strategy ranks by as far as they were known */
            readonly candidates: readonly {
                readonly replica_id: string;
                readonly slots_total: number;
                readonly slots_busy: number;
                readonly labels: {
                    readonly [key: string]: string;
                };
                /** @description Free memory of its fullest device */
                readonly free_vram_bytes?: number;
                /** @description Tasks that it was given so far */
                readonly dispatches?: number;
                /** @description Tokens of the prompt that its cache may hold */
                readonly warm_tokens?: number;
                /** @description Tokens per second of one slot while the others are idle */
                readonly rates?: {
                    readonly prefill_tps: number;
                    readonly decode_tps: number;
                    /** @description Share by which each further busy slot slows all of them */
                    readonly slowdown: number;
                    /** @description How far the rates may be off, as a share of themselves */
                    readonly uncertainty: number;
                };
            }[];
            /** @description The strategy's ranking, best first; the first 16 */
            readonly scores: readonly {
                readonly replica_id: string;
                /** @description Null when it was no finite number */
                readonly score: number | null;
                readonly why: string;
            }[];
            readonly chosen: {
                readonly replica_id: string;
            };
        };
        readonly EvictionReceipt: components["schemas"]["ReceiptBase"] & {
            /** @enum {string} */
            readonly kind: "eviction";
            /** @description A newcomer took the place, or else the queue was overloaded: one of `room` and `overload` */
            readonly inputs: {
                readonly newcomer: components["schemas"]["TaskName"] | null;
                /** @description Of the newcomer; without one, of the task itself */
                readonly priority: components["schemas"]["Priority"];
                readonly room: components["schemas"]["RoomFacts"] | null;
                readonly overload: components["schemas"]["OverloadFacts"] | null;
            };
            readonly candidates: readonly components["schemas"]["WaitingItem"][];
            readonly scores: readonly unknown[];
            readonly chosen: {
                readonly task_id: components["schemas"]["TaskName"];
                readonly policy: string;
            };
        };
        readonly RequeueReceipt: components["schemas"]["ReceiptBase"] & {
            /** @enum {string} */
            readonly kind: "requeue";
            readonly inputs: {
                readonly code: string;
                /** @description Present when the engine was lost after the first token, and the answer goes on elsewhere */
                readonly failover?: {
                    /** Format: int32 */
                    readonly attempt: number;
                    /**
                     * Format: int32
                     * @description Attempts of one task
                     */
                    readonly most: number;
                };
            };
            readonly candidates: readonly unknown[];
            readonly scores: readonly unknown[];
            readonly chosen: null;
        };
        /** @description The task was suspended; it goes on where it stopped */
        readonly PreemptionReceipt: components["schemas"]["ReceiptBase"] & {
            /** @enum {string} */
            readonly kind: "preemption";
            readonly inputs: {
                readonly newcomer: components["schemas"]["TaskName"];
            };
            /** @description Running tasks that might have been suspended */
            readonly candidates: readonly {
                readonly task_id: components["schemas"]["TaskName"];
                /** @description Number of its dispatch; the highest came last */
                readonly lease: number;
            }[];
            /** @description The same tasks, dispatched last first; the first 16. A lower score is better */
            readonly scores: readonly {
                readonly task_id: components["schemas"]["TaskName"];
                readonly score: number;
                readonly why: string;
            }[];
            readonly chosen: {
                readonly task_id: components["schemas"]["TaskName"];
            };
        };
        /** @description A queue that has been nearly full for long gives up the task that it is least likely to serve in time */
        readonly OverloadFacts: {
            readonly waiting: number;
            readonly capacity: number;
            /** @description Time since which it has been nearly full */
            readonly full_for_ms: number;
            /** @description Share of the capacity from which on that is so */
            readonly share: number;
            /** @description Time that it has to stay so */
            readonly least_ms: number;
            /** @description That the task would have been on time, as estimated */
            readonly chance: number;
        };
        readonly RoomFacts: {
            readonly waiting: {
                readonly all: number;
                readonly interactive: number;
                readonly batch: number;
            };
            readonly capacity: number;
            readonly class_capacity: {
                readonly interactive: number;
                readonly batch: number;
            };
            readonly full_policy: {
                readonly interactive: components["schemas"]["FullPolicy"];
                readonly batch: components["schemas"]["FullPolicy"];
            };
            /** @description A slot is free and nobody waits */
            readonly starts_at_once: boolean;
            /** @description Places that are kept for callers who were told to come back */
            readonly held: {
                readonly all: number;
                readonly of_class: number;
            } | null;
            /** @description Null where interactive work takes no place of waiting batch work */
            readonly preemption: {
                /** @description It would start too late for its deadline */
                readonly late: boolean;
            } | null;
            /** @description Who could give way; null below every cap */
            readonly ends: {
                readonly oldest_interactive: components["schemas"]["WaitingItem"] | null;
                readonly oldest_batch: components["schemas"]["WaitingItem"] | null;
                readonly newest_batch: components["schemas"]["WaitingItem"] | null;
            } | null;
        };
        /** @enum {string} */
        readonly FullPolicy: "reject" | "drop-lru" | "shed-low-priority";
        /** @enum {string} */
        readonly RoomVerdict: "free" | "evict" | "full";
        readonly WaitingItem: {
            readonly task_id: components["schemas"]["TaskName"];
            readonly priority: components["schemas"]["Priority"];
            /** @description On the monotonic clock */
            readonly enqueued_at_ms: number;
        };
        readonly StartOutlook: {
            /** @description Waiting tasks that would go first */
            readonly ahead: number;
            /** @description Null for a refused task's own class without a deadline */
            readonly start_p50_ms: number | null;
            readonly start_p90_ms: number | null;
        };
        /** @description What the same snapshot would have given; null where nothing was recorded to tell it from */
        readonly Counterfactual: {
            readonly asked: {
                readonly priority?: components["schemas"]["Priority"];
                readonly deadline_ms?: number;
            };
            readonly room: components["schemas"]["RoomVerdict"];
            readonly victim: components["schemas"]["TaskName"] | null;
            readonly code: string | null;
            readonly meets_deadline: boolean | null;
            readonly queue_position: number | null;
            readonly predicted_start_ms: number | null;
            readonly predicted_start_p90_ms: number | null;
            /** @description Null when the task was never dispatched */
            readonly replica_id: string | null;
            readonly why: string;
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
        /**
         * @description Codes may be added, a code never changes its meaning
         * @enum {string}
         */
        readonly ErrorCode: "INVALID_PARAMS" | "DEADLINE_UNMET" | "UNTRUSTED_ARTIFACT" | "MODEL_DEPRECATED" | "ADMISSION_REJECT" | "QUEUE_FULL_DROP_LRU" | "POOL_UNREADY" | "POOL_UNAVAILABLE" | "REPLICA_EXHAUSTED" | "DECODE_TIMEOUT" | "WORKER_RESET" | "INTERNAL" | "UNAUTHENTICATED" | "FORBIDDEN" | "POLICY_DENIED" | "NOT_FOUND" | "CONFLICT" | "TURN_LIMIT" | "STREAM_GONE" | "PAYLOAD_TOO_LARGE" | "IDEMPOTENCY_MISMATCH" | "QUOTA_EXCEEDED" | "BUDGET_EXHAUSTED";
        /**
         * @description What a full queue does
         * @enum {string}
         */
        readonly PolicyLabel: "reject" | "drop-lru" | "shed-low-priority";
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
        /**
         * @description The last five are terminal
         * @enum {string}
         */
        readonly TaskState: "queued" | "dispatched" | "streaming" | "preempted" | "completed" | "cancelled" | "expired" | "evicted" | "failed";
        /** @enum {string} */
        readonly FinishReason: "stop" | "length" | "cancelled" | "budget";
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
        /** @description Id of a pool */
        readonly PoolId: string;
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
        /** @enum {string} */
        readonly Priority: "interactive" | "batch";
    };
    responses: {
        /** @description Fine */
        readonly ProbeOk: {
            headers: {
                readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                readonly [name: string]: unknown;
            };
            content: {
                /** @example ok */
                readonly "text/plain": string;
            };
        };
        /** @description Not now */
        readonly ProbeFailed: {
            headers: {
                readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                readonly [name: string]: unknown;
            };
            content: {
                /** @example draining */
                readonly "text/plain": string;
            };
        };
        /** @description A reload of the pool is under way */
        readonly ReloadUnderWay: {
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
                 *       "detail": "pool default is being reloaded; call again when that is over",
                 *       "instance": "/v1/pools/default/drain",
                 *       "code": "CONFLICT",
                 *       "message": "pool default is being reloaded; call again when that is over",
                 *       "retriable": true,
                 *       "retry_after_ms": 1000,
                 *       "correlation_id": "9f2c1a52",
                 *       "engine": "embedded",
                 *       "pool_id": "default",
                 *       "reload": "rollback",
                 *       "failed_step": "busy",
                 *       "serving": {
                 *         "model_ref": "haiku-nano",
                 *         "model_digest": null
                 *       }
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["ReloadRefused"];
            };
        };
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
         * @description Items per page
         * @example 50
         */
        readonly Limit: number;
        /**
         * @description The `next_cursor` of the page before
         * @example MDE5OGYxZDI
         */
        readonly Cursor: string;
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
    };
    requestBodies: never;
    headers: {
        /** @description Ties the answer to logs, metrics and the task */
        readonly CorrelationId: string;
        /** @description How to authenticate */
        readonly WwwAuthenticate: "Bearer";
        /** @description Seconds to wait, rounded up */
        readonly RetryAfter: number;
        /** @description The same wait in milliseconds */
        readonly BackoffMs: number;
        /** @description Tasks that would run first */
        readonly QueuePosition: number;
        /** @description Milliseconds until the predicted start */
        readonly QueueEta: number;
        /** @description With a rate-limited key: tasks it may submit at once (q) and the seconds in which they come in again (w) */
        readonly RateLimitPolicy: string;
        /** @description With a rate-limited key: tasks it may submit now (r) and the seconds until it may submit one more (t) */
        readonly RateLimit: string;
        /** @description Present when a recorded answer is repeated */
        readonly IdempotencyReplayed: "true";
        /** @description Present when the body says retriable */
        readonly RetryAfterIfRetriable: number;
        /** @description Present when the body says retriable */
        readonly BackoffMsIfRetriable: number;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readonly listPools: {
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
            /** @description One page of pools */
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
                    readonly "application/json": components["schemas"]["PoolList"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly getPoolHealth: {
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
                 * @description The pool
                 * @example default
                 */
                readonly id: components["schemas"]["PoolId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The pool's health */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "pool_id": "default",
                     *       "live": true,
                     *       "ready": true,
                     *       "draining": false,
                     *       "state": "ready",
                     *       "cpu": true,
                     *       "last_error": null,
                     *       "engine": "embedded",
                     *       "engine_version": "1.0.0",
                     *       "model_id": "haiku-nano",
                     *       "model_digest": "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21",
                     *       "replicas": [
                     *         {
                     *           "replica_id": "default-0",
                     *           "device_mask": [],
                     *           "ready": true,
                     *           "slots_total": 1,
                     *           "slots_free": 1,
                     *           "active_leases": 0,
                     *           "vram_total_bytes": null,
                     *           "vram_free_bytes": null,
                     *           "last_heartbeat_ms": 1790000000000,
                     *           "restart_count": 0
                     *         }
                     *       ],
                     *       "metrics": {
                     *         "queue_depth": {
                     *           "interactive": 0,
                     *           "batch": 0
                     *         },
                     *         "gpu": [],
                     *         "tokens_per_s": 210.5,
                     *         "first_token_ms": 12
                     *       }
                     *     }
                     */
                    readonly "application/json": components["schemas"]["PoolHealth"];
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
    readonly drainPool: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Makes a repeated call answer the recorded 2xx; scoped to key, method and route
                 * @example report-2026-11-20
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path: {
                /**
                 * @description The pool
                 * @example default
                 */
                readonly id: components["schemas"]["PoolId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "deadline_ms": 30000
                 *     }
                 */
                readonly "application/json": components["schemas"]["DrainPool"];
            };
        };
        readonly responses: {
            /** @description The pool drains, or has stopped */
            readonly 202: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "draining",
                     *       "pool_id": "default",
                     *       "deadline_ms": 30000
                     *     }
                     */
                    readonly "application/json": components["schemas"]["PoolDraining"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 409: components["responses"]["ReloadUnderWay"];
            readonly 422: components["responses"]["IdempotencyMismatch"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly reloadPool: {
        readonly parameters: {
            readonly query?: {
                /**
                 * @description `true`: tell what the reload would do, and change nothing
                 * @example true
                 */
                readonly plan?: "true" | "false";
            };
            readonly header?: {
                /**
                 * @description Makes a repeated call answer the recorded 2xx; scoped to key, method and route
                 * @example report-2026-11-20
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path: {
                /**
                 * @description The pool
                 * @example default
                 */
                readonly id: components["schemas"]["PoolId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "new_model_ref": "file:/models/qwen.gguf",
                 *       "deadline_ms": 30000
                 *     }
                 */
                readonly "application/json": components["schemas"]["ReloadPool"];
            };
        };
        readonly responses: {
            /** @description The new model serves; with `plan` what a reload would do */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PoolReloaded"] | components["schemas"]["ReloadPlan"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            /** @description The reload came to nothing and everything is as before; or another one is under way */
            readonly 409: {
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
                     *       "detail": "the reload of pool default failed at resolve; haiku-nano serves as before",
                     *       "instance": "/v1/pools/default/reload",
                     *       "code": "CONFLICT",
                     *       "message": "the reload of pool default failed at resolve; haiku-nano serves as before",
                     *       "retriable": false,
                     *       "correlation_id": "9f2c1a52",
                     *       "engine": "embedded",
                     *       "pool_id": "default",
                     *       "reload": "rollback",
                     *       "failed_step": "resolve",
                     *       "cause": {
                     *         "code": "model_missing",
                     *         "message": "the file of model qwen does not exist; correct new_model_ref"
                     *       },
                     *       "serving": {
                     *         "model_ref": "haiku-nano",
                     *         "model_digest": null
                     *       }
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["ReloadRefused"];
                };
            };
            readonly 422: components["responses"]["IdempotencyMismatch"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly listCatalogModels: {
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
            /** @description One page of models */
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
                     *           "id": "qwen-small",
                     *           "digest": "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21",
                     *           "source_url": "file:/models/qwen-small.gguf",
                     *           "version": null,
                     *           "aliases": [
                     *             "qwen"
                     *           ],
                     *           "tags": [],
                     *           "manifests": [],
                     *           "signatures": [],
                     *           "sbom": null,
                     *           "trust_policy": null,
                     *           "state": "Active",
                     *           "local": true,
                     *           "size_bytes": 428732416,
                     *           "created_ms": 1790000000000,
                     *           "added_by": "local",
                     *           "resolved_ref": null,
                     *           "quarantined": false,
                     *           "last_verification": null,
                     *           "fetch": null,
                     *           "warnings": [
                     *             "the model has no signature; sign it and add the bundle"
                     *           ]
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["CatalogModelList"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly createCatalogModel: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description A policy for this call; it may only tighten that of the configuration
                 * @example strict
                 */
                readonly "X-Trust-Policy"?: "strict" | "permissive";
                /**
                 * @description Makes a repeated call answer the recorded 2xx; scoped to key, method and route
                 * @example report-2026-11-20
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["CreateCatalogModel"];
            };
        };
        readonly responses: {
            /** @description The model as the catalog has it */
            readonly 201: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "qwen-small",
                     *       "digest": "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21",
                     *       "source_url": "file:/models/qwen-small.gguf",
                     *       "version": null,
                     *       "aliases": [
                     *         "qwen"
                     *       ],
                     *       "tags": [],
                     *       "manifests": [],
                     *       "signatures": [],
                     *       "sbom": null,
                     *       "trust_policy": null,
                     *       "state": "Active",
                     *       "local": true,
                     *       "size_bytes": 428732416,
                     *       "created_ms": 1790000000000,
                     *       "added_by": "local",
                     *       "resolved_ref": null,
                     *       "quarantined": false,
                     *       "last_verification": null,
                     *       "fetch": null,
                     *       "warnings": [
                     *         "the model has no signature; sign it and add the bundle"
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["CatalogModel"];
                };
            };
            /** @description `INVALID_PARAMS`, or `UNTRUSTED_ARTIFACT` for a model that does not meet the policy */
            readonly 400: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "/problems/untrusted-artifact",
                     *       "title": "Untrusted artifact",
                     *       "status": 400,
                     *       "detail": "model qwen-small is not trusted: the model has no signature; sign it and add the bundle",
                     *       "instance": "/v1/catalog/models",
                     *       "code": "UNTRUSTED_ARTIFACT",
                     *       "message": "model qwen-small is not trusted: the model has no signature; sign it and add the bundle",
                     *       "retriable": false,
                     *       "correlation_id": "9f2c1a52"
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 409: components["responses"]["Conflict"];
            readonly 422: components["responses"]["IdempotencyMismatch"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly getCatalogModel: {
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
                 * @description The model; a slash in its id is sent as %2F
                 * @example qwen-small
                 */
                readonly id: components["schemas"]["CatalogId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The model */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "qwen-small",
                     *       "digest": "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21",
                     *       "source_url": "file:/models/qwen-small.gguf",
                     *       "version": null,
                     *       "aliases": [
                     *         "qwen"
                     *       ],
                     *       "tags": [],
                     *       "manifests": [],
                     *       "signatures": [],
                     *       "sbom": null,
                     *       "trust_policy": null,
                     *       "state": "Active",
                     *       "local": true,
                     *       "size_bytes": 428732416,
                     *       "created_ms": 1790000000000,
                     *       "added_by": "local",
                     *       "resolved_ref": null,
                     *       "quarantined": false,
                     *       "last_verification": null,
                     *       "fetch": null,
                     *       "warnings": [
                     *         "the model has no signature; sign it and add the bundle"
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["CatalogModel"];
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
    readonly deleteCatalogModel: {
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
                 * @description The model; a slash in its id is sent as %2F
                 * @example qwen-small
                 */
                readonly id: components["schemas"]["CatalogId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description There is no such model any more */
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
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly getCatalogModelBom: {
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
                 * @description The model; a slash in its id is sent as %2F
                 * @example qwen-small
                 */
                readonly id: components["schemas"]["CatalogId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The bill of materials */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
                     *       "bomFormat": "CycloneDX",
                     *       "specVersion": "1.6",
                     *       "serialNumber": "urn:uuid:7f9a1c30-52b1-8c5e-9d1a-0a4b6f0e2c11",
                     *       "version": 1,
                     *       "metadata": {
                     *         "component": {
                     *           "type": "machine-learning-model",
                     *           "bom-ref": "qwen-small",
                     *           "name": "qwen-small",
                     *           "hashes": [
                     *             {
                     *               "alg": "SHA-256",
                     *               "content": "9b74c9897bac770ffc029102a200c5de0d9e1f4b4a1f0d1c2b3a495867788990"
                     *             }
                     *           ],
                     *           "licenses": [
                     *             {
                     *               "license": {
                     *                 "id": "Apache-2.0"
                     *               }
                     *             }
                     *           ]
                     *         }
                     *       }
                     *     }
                     */
                    readonly "application/vnd.cyclonedx+json": components["schemas"]["ModelBom"];
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
    readonly verifyCatalogModel: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Makes a repeated call answer the recorded 2xx; scoped to key, method and route
                 * @example report-2026-11-20
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path: {
                /**
                 * @description The model; a slash in its id is sent as %2F
                 * @example qwen-small
                 */
                readonly id: components["schemas"]["CatalogId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The verification has begun, or is under way */
            readonly 202: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "started",
                     *       "verification_id": "0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["VerificationStarted"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 409: components["responses"]["Conflict"];
            readonly 422: components["responses"]["IdempotencyMismatch"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly setCatalogModelState: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Makes a repeated call answer the recorded 2xx; scoped to key, method and route
                 * @example report-2026-11-20
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path: {
                /**
                 * @description The model; a slash in its id is sent as %2F
                 * @example qwen-small
                 */
                readonly id: components["schemas"]["CatalogId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "state": "Retired",
                 *       "deadline_ms": 600000
                 *     }
                 */
                readonly "application/json": components["schemas"]["SetModelState"];
            };
        };
        readonly responses: {
            /** @description The model has the state; its pools follow */
            readonly 202: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "accepted",
                     *       "state": "Retired"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ModelStateAccepted"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 409: components["responses"]["Conflict"];
            readonly 422: components["responses"]["IdempotencyMismatch"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly fetchCatalogModel: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Makes a repeated call answer the recorded 2xx; scoped to key, method and route
                 * @example report-2026-11-20
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path: {
                /**
                 * @description The model; a slash in its id is sent as %2F
                 * @example qwen-small
                 */
                readonly id: components["schemas"]["CatalogId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The fetch is under way */
            readonly 202: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "7b502c3a1f48c8609ae212cd",
                     *       "ref": "hf:org/tiny/tiny-q4.gguf",
                     *       "state": "fetching",
                     *       "bytes": 214366208,
                     *       "total": 428732416,
                     *       "percent": 50,
                     *       "bytes_per_s": 52428800,
                     *       "eta_ms": 4089,
                     *       "stalled": false,
                     *       "files": 1,
                     *       "files_done": 0,
                     *       "digest": null,
                     *       "error": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ModelFetch"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 422: components["responses"]["IdempotencyMismatch"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly inspectModel: {
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
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "ref": "hf:org/tiny/tiny-q4.gguf",
                 *       "ctx": 8192,
                 *       "slots": 1
                 *     }
                 */
                readonly "application/json": components["schemas"]["InspectModel"];
            };
        };
        readonly responses: {
            /** @description What there is */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ref": "hf:org/tiny/tiny-q4.gguf",
                     *       "pinned_ref": "hf:org/tiny/tiny-q4.gguf@0123456789abcdef0123456789abcdef01234567",
                     *       "revision": "0123456789abcdef0123456789abcdef01234567",
                     *       "registry": "huggingface.co/org/tiny",
                     *       "digest": "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21",
                     *       "size_bytes": 428732416,
                     *       "files": 1,
                     *       "weights_bytes": 428732416,
                     *       "kv_bytes": 100663296,
                     *       "ctx": 8192,
                     *       "fit": "fits",
                     *       "devices_bytes": [
                     *         25769803776
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ModelInspection"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly listFetches: {
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
            /** @description The fetches */
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
                     *           "id": "7b502c3a1f48c8609ae212cd",
                     *           "ref": "hf:org/tiny/tiny-q4.gguf",
                     *           "state": "fetching",
                     *           "bytes": 214366208,
                     *           "total": 428732416,
                     *           "percent": 50,
                     *           "bytes_per_s": 52428800,
                     *           "eta_ms": 4089,
                     *           "stalled": false,
                     *           "files": 1,
                     *           "files_done": 0,
                     *           "digest": null,
                     *           "error": null
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ModelFetchList"];
                };
            };
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly startFetch: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Makes a repeated call answer the recorded 2xx; scoped to key, method and route
                 * @example report-2026-11-20
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description Echoed when it matches; any other value is replaced, never refused
                 * @example 9f2c1a52-6c1d-4a57-9d0f-3b8f6c0e7d11
                 */
                readonly "X-Correlation-Id"?: components["parameters"]["CorrelationId"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "ref": "hf:org/tiny/tiny-q4.gguf"
                 *     }
                 */
                readonly "application/json": components["schemas"]["StartFetch"];
            };
        };
        readonly responses: {
            /** @description The fetch is under way */
            readonly 202: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "7b502c3a1f48c8609ae212cd",
                     *       "ref": "hf:org/tiny/tiny-q4.gguf",
                     *       "state": "fetching",
                     *       "bytes": 214366208,
                     *       "total": 428732416,
                     *       "percent": 50,
                     *       "bytes_per_s": 52428800,
                     *       "eta_ms": 4089,
                     *       "stalled": false,
                     *       "files": 1,
                     *       "files_done": 0,
                     *       "digest": null,
                     *       "error": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ModelFetch"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 422: components["responses"]["IdempotencyMismatch"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly getFetch: {
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
                 * @description The fetch
                 * @example 7b502c3a1f48c8609ae212cd
                 */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The fetch */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "7b502c3a1f48c8609ae212cd",
                     *       "ref": "hf:org/tiny/tiny-q4.gguf",
                     *       "state": "fetching",
                     *       "bytes": 214366208,
                     *       "total": 428732416,
                     *       "percent": 50,
                     *       "bytes_per_s": 52428800,
                     *       "eta_ms": 4089,
                     *       "stalled": false,
                     *       "files": 1,
                     *       "files_done": 0,
                     *       "digest": null,
                     *       "error": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ModelFetch"];
                };
            };
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly cancelFetch: {
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
                 * @description The fetch
                 * @example 7b502c3a1f48c8609ae212cd
                 */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Nothing is fetched any more */
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
    readonly followFetch: {
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
                 * @description The fetch
                 * @example 7b502c3a1f48c8609ae212cd
                 */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The events */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/event-stream": string;
                };
            };
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly getDecision: {
        readonly parameters: {
            readonly query?: {
                /**
                 * @description What if: `priority=…`, `deadline_ms=…` or both, with a comma between
                 * @example priority=interactive
                 */
                readonly counterfactual?: string;
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
                 * @description The task's id, any case
                 * @example 0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f
                 */
                readonly id: components["parameters"]["TaskId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The receipts of the task */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "task_id": "0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f",
                     *       "complete": true,
                     *       "replayed": true,
                     *       "differences": [],
                     *       "receipts": [
                     *         {
                     *           "kind": "admission",
                     *           "task_id": "0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f",
                     *           "pool_id": "default",
                     *           "at_ms": 1790000000000,
                     *           "clock_ms": 5021.25,
                     *           "software": "0.1.0",
                     *           "plugins": {
                     *             "discipline": "priority-fifo@0.1.0",
                     *             "placement": "least-loaded@0.1.0"
                     *           },
                     *           "inputs": {
                     *             "priority": "batch",
                     *             "deadline_ms": null,
                     *             "service_p50_ms": 840,
                     *             "room": {
                     *               "waiting": {
                     *                 "all": 2,
                     *                 "interactive": 1,
                     *                 "batch": 1
                     *               },
                     *               "capacity": 128,
                     *               "class_capacity": {
                     *                 "interactive": 128,
                     *                 "batch": 32
                     *               },
                     *               "full_policy": {
                     *                 "interactive": "reject",
                     *                 "batch": "reject"
                     *               },
                     *               "starts_at_once": false,
                     *               "held": null,
                     *               "preemption": null,
                     *               "ends": null
                     *             },
                     *             "outlook": {
                     *               "interactive": {
                     *                 "ahead": 1,
                     *                 "start_p50_ms": 700,
                     *                 "start_p90_ms": 900
                     *               },
                     *               "batch": {
                     *                 "ahead": 2,
                     *                 "start_p50_ms": 1540,
                     *                 "start_p90_ms": 1980
                     *               }
                     *             }
                     *           },
                     *           "candidates": [],
                     *           "scores": [],
                     *           "chosen": {
                     *             "pool_id": "default",
                     *             "room": "free",
                     *             "policy": null,
                     *             "code": null,
                     *             "victim": null,
                     *             "meets_deadline": null,
                     *             "queue_position": 2,
                     *             "predicted_start_ms": 1540,
                     *             "predicted_start_p90_ms": 1980
                     *           },
                     *           "why": "2 of 128 places are taken.",
                     *           "digest": "sha256:0f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21"
                     *         },
                     *         {
                     *           "kind": "dispatch",
                     *           "task_id": "0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f",
                     *           "pool_id": "default",
                     *           "at_ms": 1790000001490,
                     *           "clock_ms": 6511.5,
                     *           "software": "0.1.0",
                     *           "plugins": {
                     *             "discipline": "priority-fifo@0.1.0",
                     *             "placement": "least-loaded@0.1.0"
                     *           },
                     *           "inputs": {
                     *             "item": {
                     *               "task_id": "default/0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f",
                     *               "tenant_id": "default",
                     *               "session_id": null,
                     *               "priority": "batch",
                     *               "enqueued_at_ms": 5021.25,
                     *               "deadline_at_ms": null,
                     *               "cost": 42
                     *             },
                     *             "waiting": 0,
                     *             "wish": null,
                     *             "affinity_max_load": 0.5,
                     *             "size": null
                     *           },
                     *           "candidates": [
                     *             {
                     *               "replica_id": "default-0",
                     *               "slots_total": 2,
                     *               "slots_busy": 1,
                     *               "labels": {}
                     *             }
                     *           ],
                     *           "scores": [
                     *             {
                     *               "replica_id": "default-0",
                     *               "score": 0,
                     *               "why": "1 of 2 slots are busy."
                     *             }
                     *           ],
                     *           "chosen": {
                     *             "replica_id": "default-0"
                     *           },
                     *           "why": "1 of 2 slots are busy.",
                     *           "digest": "sha256:1f343b0931126a20f133d67c2b018a3b5e9d7e1a3b2b1b6a4b1d0f5b1b7a9c21"
                     *         }
                     *       ],
                     *       "counterfactual": {
                     *         "asked": {
                     *           "priority": "interactive"
                     *         },
                     *         "room": "free",
                     *         "victim": null,
                     *         "code": null,
                     *         "meets_deadline": null,
                     *         "queue_position": 1,
                     *         "predicted_start_ms": 700,
                     *         "predicted_start_p90_ms": 900,
                     *         "replica_id": "default-0",
                     *         "why": "2 of 128 places are taken."
                     *       }
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Decision"];
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
    readonly collectArtifacts: {
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
            /** @description What was collected */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "rows_expired": 12,
                     *       "rows_displaced": 0,
                     *       "blobs_removed": 9,
                     *       "blobs_waiting": 2,
                     *       "bytes_freed": 48211,
                     *       "bytes_kept": 1048576
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ArtifactsCollected"];
                };
            };
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly takeSnapshot: {
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
            /** @description The copy is whole and on the disk */
            readonly 201: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "store-1784544000000.db",
                     *       "size_bytes": 419434496,
                     *       "created_ms": 1784544000000
                     *     }
                     */
                    readonly "application/json": components["schemas"]["StoreSnapshot"];
                };
            };
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 409: components["responses"]["Conflict"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly listPlugins: {
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
            /** @description The boot report */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "api_version": "1.0.0",
                     *       "items": [
                     *         {
                     *           "kind": "engine-adapter",
                     *           "id": "mock",
                     *           "version": "0.1.0",
                     *           "package": "@llama-orch/engine-mock",
                     *           "state": "loaded",
                     *           "took_ms": 3
                     *         },
                     *         {
                     *           "kind": "engine-adapter",
                     *           "id": "acme",
                     *           "version": "2.0.0",
                     *           "package": "acme-engine",
                     *           "state": "failed",
                     *           "took_ms": 1,
                     *           "error": "needs plugin API ^2.0.0, this daemon has 1.0.0"
                     *         },
                     *         {
                     *           "kind": "policy",
                     *           "id": "allow-hosts",
                     *           "version": "1.0.0",
                     *           "package": "builtin:allow-hosts",
                     *           "state": "loaded",
                     *           "took_ms": 140,
                     *           "digest": "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *           "mode": "enforce",
                     *           "hooks": [
                     *             "on_request",
                     *             "on_response"
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["PluginReport"];
                };
            };
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly listAudit: {
        readonly parameters: {
            readonly query?: {
                /**
                 * @description Only rows of this action
                 * @example tool.request
                 */
                readonly action?: components["schemas"]["AuditAction"];
                /**
                 * @description Only rows from this time on; Unix milliseconds by the clock of the row
                 * @example 1790000000000
                 */
                readonly since_ms?: number;
                /**
                 * @description Oldest first, only rows with a higher `seq` than this
                 * @example 4711
                 */
                readonly after?: number;
                /**
                 * @description Only rows of this tenant; another than that of the key needs the scope `admin`
                 * @example default
                 */
                readonly tenant?: string;
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
            /** @description One page of rows */
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
                     *           "seq": 4711,
                     *           "ts_ms": 1790000000000,
                     *           "actor": "agent",
                     *           "tenant": "default",
                     *           "action": "tool.request",
                     *           "target": "api.example.com",
                     *           "decision": "allow",
                     *           "plugin": "allow-hosts",
                     *           "version": "1.0.0",
                     *           "digest": "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *           "code": "ALLOWED",
                     *           "reason": null,
                     *           "url": "https://api.example.com/v1/items?token=[redacted]",
                     *           "bytes_in": 2048,
                     *           "bytes_out": 64,
                     *           "latency_us": 140,
                     *           "fuel": 194277,
                     *           "session_id": "0198f1d2-7c3a-7b21-8f3e-000000005e55",
                     *           "task_id": "0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f",
                     *           "correlation_id": "9f2c1a52",
                     *           "decision_id": "0198f1d2-7c3a-7b21-8f3e-00000000d001",
                     *           "record": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
                     *           "checkpoint": null,
                     *           "prev_hash": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
                     *           "hash": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["AuditPage"];
                };
            };
            readonly 400: components["responses"]["InvalidParams"];
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly getAuditRow: {
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
                 * @description Number of the row
                 * @example 4711
                 */
                readonly seq: number;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The row and its record */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "row": {
                     *         "seq": 4711,
                     *         "ts_ms": 1790000000000,
                     *         "actor": "agent",
                     *         "tenant": "default",
                     *         "action": "tool.request",
                     *         "target": "api.example.com",
                     *         "decision": "allow",
                     *         "plugin": "allow-hosts",
                     *         "version": "1.0.0",
                     *         "digest": "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *         "code": "ALLOWED",
                     *         "reason": null,
                     *         "url": "https://api.example.com/v1/items?token=[redacted]",
                     *         "bytes_in": 2048,
                     *         "bytes_out": 64,
                     *         "latency_us": 140,
                     *         "fuel": 194277,
                     *         "session_id": "0198f1d2-7c3a-7b21-8f3e-000000005e55",
                     *         "task_id": "0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f",
                     *         "correlation_id": "9f2c1a52",
                     *         "decision_id": "0198f1d2-7c3a-7b21-8f3e-00000000d001",
                     *         "record": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
                     *         "checkpoint": null,
                     *         "prev_hash": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
                     *         "hash": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9"
                     *       },
                     *       "record": {
                     *         "kind": "policy",
                     *         "hook": "on_request"
                     *       }
                     *     }
                     */
                    readonly "application/json": components["schemas"]["AuditDetail"];
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
    readonly getAuditKey: {
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
            /** @description The key */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "algorithm": "Ed25519",
                     *       "public_key": "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n",
                     *       "head": {
                     *         "seq": 4711,
                     *         "hash": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9"
                     *       }
                     *     }
                     */
                    readonly "application/json": components["schemas"]["AuditKey"];
                };
            };
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TryLater"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly getMetrics: {
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
            /** @description All series */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example # HELP queue_depth Tasks that wait
                     *     # TYPE queue_depth gauge
                     *     queue_depth{engine="embedded",engine_version="1.0.0",pool_id="default",priority="interactive"} 0
                     */
                    readonly "text/plain; version=0.0.4": string;
                };
            };
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly getLive: {
        readonly parameters: {
            readonly query?: {
                /**
                 * @description List the checks, for a key with the scope observe
                 * @example
                 */
                readonly verbose?: string;
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
            readonly 200: components["responses"]["ProbeOk"];
            readonly 503: components["responses"]["ProbeFailed"];
        };
    };
    readonly getHealth: {
        readonly parameters: {
            readonly query?: {
                /**
                 * @description List the checks, for a key with the scope observe
                 * @example
                 */
                readonly verbose?: string;
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
            readonly 200: components["responses"]["ProbeOk"];
            readonly 503: components["responses"]["ProbeFailed"];
        };
    };
    readonly getReady: {
        readonly parameters: {
            readonly query?: {
                /**
                 * @description List the checks, for a key with the scope observe
                 * @example
                 */
                readonly verbose?: string;
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
            readonly 200: components["responses"]["ProbeOk"];
            readonly 503: components["responses"]["ProbeFailed"];
        };
    };
    readonly getProblem: {
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
                 * @description The code in lower case, with hyphens
                 * @example admission-reject
                 */
                readonly slug: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The explanation */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example ADMISSION_REJECT: Queue full
                     *     Status 429, retriable.
                     */
                    readonly "text/plain": string;
                };
            };
            readonly 404: components["responses"]["NotFound"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly getOpenApi: {
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
                 * @description The document
                 * @example data.json
                 */
                readonly name: "data.json" | "control.json";
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The document, self-contained */
            readonly 200: {
                headers: {
                    readonly "X-Correlation-Id": components["headers"]["CorrelationId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "openapi": "3.1.0",
                     *       "info": {
                     *         "title": "OrchQueue v1, data plane",
                     *         "version": "1.0.0"
                     *       },
                     *       "paths": {}
                     *     }
                     */
                    readonly "application/json": {
                        readonly openapi: string;
                        readonly info: {
                            readonly [key: string]: unknown;
                        };
                        readonly paths: {
                            readonly [key: string]: unknown;
                        };
                    } & {
                        readonly [key: string]: unknown;
                    };
                };
            };
            readonly 401: components["responses"]["Unauthenticated"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 404: components["responses"]["NotFound"];
            readonly 500: components["responses"]["Internal"];
        };
    };
}
