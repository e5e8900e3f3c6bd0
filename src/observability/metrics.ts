import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const LATENCY_BUCKETS_MS = [
  10, 25, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000,
];
const LOAD_BUCKETS = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];
const SECONDS_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30];

const TASK = ['engine', 'engine_version', 'pool_id', 'replica_id'] as const;

/** Every series that the daemon serves. Names and labels are those of contracts/metrics.yaml. */
export class Metrics {
  readonly registry = new Registry();

  readonly tasksEnqueued = this.counter('tasks_enqueued_total', 'Tasks admitted.', [...TASK, 'priority']);
  readonly tasksStarted = this.counter('tasks_started_total', 'Tasks taken by a slot.', [...TASK, 'priority']);
  readonly tasksCanceled = this.counter('tasks_canceled_total', 'Tasks ended by a cancel or a watchdog.', [
    ...TASK,
    'reason',
  ]);
  readonly tasksRejected = this.counter('tasks_rejected_total', 'Tasks refused or evicted, by error code.', [
    'engine',
    'reason',
  ]);
  readonly queueDepth = this.gauge('queue_depth', 'Waiting tasks.', [
    'engine',
    'engine_version',
    'pool_id',
    'priority',
  ]);
  readonly latencyFirstToken = this.histogram(
    'latency_first_token_ms',
    'Receipt of a task to its first token.',
    LATENCY_BUCKETS_MS,
    ['engine', 'engine_version', 'pool_id', 'priority'],
  );
  readonly latencyDecode = this.histogram(
    'latency_decode_ms',
    'First token of a task to its end.',
    LATENCY_BUCKETS_MS,
    ['engine', 'engine_version', 'pool_id', 'priority'],
  );
  readonly tokensIn = this.counter('tokens_in_total', 'Prompt tokens.', [...TASK]);
  readonly tokensOut = this.counter('tokens_out_total', 'Generated tokens.', [...TASK]);
  readonly backpressure = this.counter(
    'admission_backpressure_events_total',
    'Refusals and evictions of full queues.',
    ['engine', 'policy'],
  );
  readonly poolReady = this.gauge('pool_ready', '1 while the pool has a Ready replica.', ['pool_id']);
  readonly drainEvents = this.counter('drain_events_total', 'Times that a pool was taken out of service.', [
    'pool_id',
    'reason',
  ]);
  readonly modelState = this.gauge('model_state', '1 for the current state of a model, 0 for the other.', [
    'model_id',
    'state',
  ]);
  readonly catalogVerifications = this.counter('catalog_verifications_total', 'Verifications of models that ended.', [
    'result',
    'reason',
    'engine',
  ]);
  readonly activeLeases = this.gauge('active_leases', 'Slots in use.', ['pool_id']);

  readonly requests = this.counter('llama_orch_requests_total', 'HTTP requests.', ['route', 'code']);
  readonly requestDuration = this.histogram(
    'llama_orch_request_duration_seconds',
    'HTTP requests, streams excluded.',
    SECONDS_BUCKETS,
    ['route'],
  );
  readonly queueWait = this.histogram(
    'llama_orch_queue_wait_seconds',
    'Receipt of a task to its dispatch.',
    SECONDS_BUCKETS,
    ['pool_id', 'priority'],
  );
  readonly predictionError = this.histogram(
    'llama_orch_prediction_error_ms',
    'Distance between the promised (p50) and the real start of tasks that had to wait.',
    LATENCY_BUCKETS_MS,
    ['pool_id', 'priority'],
  );
  readonly predictions = this.counter(
    'llama_orch_predictions_total',
    'Starts of tasks that had to wait, within their promised p90 or late.',
    ['pool_id', 'priority', 'result'],
  );
  readonly streamsActive = this.gauge('llama_orch_streams_active', 'Open event streams.', []);
  readonly streamTerminal = this.counter('llama_orch_stream_terminal_total', 'Ended tasks by their terminal frame.', [
    'kind',
  ]);
  readonly readerDisconnects = this.counter(
    'llama_orch_reader_disconnects_total',
    'Readers that left before the end.',
    ['reason'],
  );
  readonly quotaDenied = this.counter('llama_orch_quota_denied_total', 'Tasks refused by a quota.', [
    'tenant',
    'limit',
  ]);
  readonly breakerState = this.gauge(
    'llama_orch_breaker_state',
    '1 while the breaker of this kind is open in the pool.',
    ['pool_id', 'kind'],
  );
  readonly sloAttainment = this.gauge(
    'llama_orch_slo_attainment',
    'Share of recent first tokens within the target, in the worst pool.',
    ['priority'],
  );
  readonly sessionsActive = this.gauge('llama_orch_sessions_active', 'Sessions that have not expired.', []);
  readonly sessionEvictions = this.counter('llama_orch_session_evictions_total', 'Sessions that ended.', ['reason']);
  readonly tasksEvicted = this.counter('llama_orch_tasks_evicted_total', 'Waiting tasks evicted.', ['policy']);
  readonly preloads = this.counter('llama_orch_preload_total', 'Attempts to make a replica ready.', [
    'pool_id',
    'result',
  ]);
  readonly modelLoad = this.histogram(
    'llama_orch_model_load_seconds',
    'Start of a replica to its loaded model.',
    LOAD_BUCKETS,
    ['pool_id'],
  );
  readonly ooms = this.counter('llama_orch_oom_total', 'Engines that ran out of memory.', ['kind']);
  readonly driverResets = this.counter('llama_orch_driver_resets_total', 'Engines lost to a driver reset.', []);
  readonly eccErrors = this.counter('llama_orch_ecc_errors_total', 'Engines lost to a memory error of a GPU.', []);
  readonly failovers = this.counter('llama_orch_failovers_total', 'Answers whose engines were lost on the way.', [
    'pool_id',
    'result',
  ]);
  readonly engineRestarts = this.counter('llama_orch_engine_restarts_total', 'Replica restarts.', [
    'pool_id',
    'reason',
  ]);
  readonly poolCpu = this.gauge('llama_orch_pool_cpu', '1 for pools declared to run on the CPU.', ['pool_id']);
  readonly egressRequests = this.counter(
    'llama_orch_egress_requests_total',
    'Outbound HTTP requests by their result.',
    ['result'],
  );
  readonly storeWrite = this.histogram(
    'llama_orch_store_write_seconds',
    'One commit of the store, by its thread.',
    SECONDS_BUCKETS,
    [],
  );
  readonly storeErrors = this.counter(
    'llama_orch_store_errors_total',
    'Requests that the store did not carry out.',
    [],
  );
  readonly walBytes = this.gauge('llama_orch_wal_bytes', 'Write-ahead log of the store after its last commit.', []);
  readonly diskFree = this.gauge('llama_orch_disk_free_bytes', 'Space that is left where the data folder lies.', []);
  readonly auditRows = this.counter('llama_orch_audit_rows_total', 'Rows of the audit that are on disk.', ['action']);
  readonly auditAppend = this.histogram(
    'llama_orch_audit_append_seconds',
    'Asking for an audit row to its being on disk.',
    SECONDS_BUCKETS,
    [],
  );
  readonly auditErrors = this.counter('llama_orch_audit_errors_total', 'Writes of the audit that failed.', []);
  readonly auditPending = this.gauge('llama_orch_audit_pending_rows', 'Audit rows that wait for the disk.', []);
  readonly auditLag = this.gauge('llama_orch_audit_lag_seconds', 'Wait of the oldest of them.', []);
  readonly auditChainOk = this.gauge(
    'llama_orch_audit_chain_ok',
    '0 once the audit was found not to be as it was written.',
    [],
  );
  readonly artifactPuts = this.counter('llama_orch_artifact_puts_total', 'Artifacts put.', ['kind']);
  readonly artifactsRemoved = this.counter(
    'llama_orch_artifacts_removed_total',
    'Rows of artifacts that the retention ended.',
    ['reason'],
  );
  readonly artifactBytes = this.gauge(
    'llama_orch_artifact_bytes',
    'Contents of all artifacts, as of the last collection.',
    [],
  );
  readonly transcripts = this.counter(
    'llama_orch_transcripts_total',
    'Ended tasks by what became of their transcript.',
    ['result'],
  );
  readonly eventLoopLag = this.gauge(
    'llama_orch_event_loop_lag_seconds',
    'Delay of the event loop, 99th percentile since the last scrape interval.',
    [],
  );
  readonly buildInfo = this.gauge('llama_orch_build_info', 'Always 1; the version is a label.', ['version']);

  private readonly collectors: (() => void)[] = [];

  /** Registers a reader of live state that sets its gauges right before each scrape. */
  beforeScrape(collect: () => void): void {
    this.collectors.push(collect);
  }

  /** The Prometheus text; reading it changes no value. */
  async text(): Promise<string> {
    for (const collect of this.collectors) collect();
    return this.registry.metrics();
  }

  /** Adds a series; a part that is not always there adds its own when it is made. */
  counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  /** See {@link counter}. */
  gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  /** See {@link counter}. */
  histogram<Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly Label[],
  ): Histogram<Label> {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.registry] });
  }
}
