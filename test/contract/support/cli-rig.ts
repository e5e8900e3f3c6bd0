import { runCli } from '../../../src/cli/main.js';
import { careForAudit } from '../../../src/audit-check.js';
import { careForBackups } from '../../../src/backup.js';
import { careForPolicies } from '../../../src/policy.js';
import { careForEngines } from '../../../src/engine.js';
import { selfTest } from '../../../src/self-test.js';
import { simulate } from '../../../src/simulate.js';
import { ContractServer, frame, type Answer, type Route } from './contract-server.js';
import { TestIo, type TestIoOptions } from './test-io.js';

export const TASK_ID = '0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f';
export const ACCEPTED = {
  task_id: TASK_ID,
  queue_position: 2,
  predicted_start_ms: 420,
  predicted_start_p90_ms: 910,
  backoff_ms: 0,
  pool_id: 'default',
  seed: 7,
  stream: `/v1/tasks/${TASK_ID}/stream`,
};
export const POOL = {
  ...{ pool_id: 'default', live: true, ready: true, draining: false, state: 'ready', cpu: true, last_error: null },
  ...{ engine: 'mock', engine_version: '1.0.0', model_id: 'haiku-nano', model_digest: null },
  replicas: [
    {
      ...{ replica_id: 'default-0', device_mask: [], ready: true, slots_total: 2, slots_free: 1, active_leases: 1 },
      ...{ vram_total_bytes: null, vram_free_bytes: null, last_heartbeat_ms: null, restart_count: 0 },
    },
  ],
  metrics: { queue_depth: { interactive: 3, batch: 1 }, gpu: [], tokens_per_s: 20.25, first_token_ms: null },
};
export const CAPABILITIES = {
  api_version: '1.0.0',
  engines: [
    {
      ...{
        engine: 'mock',
        engine_version: '1.0.0',
        ctx_max: 4096,
        supported_workloads: ['completion'],
        concurrency: 2,
      },
      ...{ rate_limits: {}, sampler_profiles: ['v1'] },
      features: { determinism: 'exact', interruptible_decode: false, tools: false, json_schema: false, fim: false },
      pools: [
        {
          ...{ pool_id: 'default', model_id: 'haiku-nano', model_digest: null, ctx_max: 4096, slots_total: 2 },
          ...{ load: 0.5, cpu: true, ready: true, full_policy: 'reject', labels: {} },
        },
      ],
    },
  ],
};
export const STARTED = frame(1, 'started', { queue_position: 2, predicted_start_ms: 420, pool_id: 'default', seed: 7 });
export const TOKENS = [frame(2, 'token', { t: 'old ', i: 0 }), frame(3, 'token', { t: 'pond', i: 1 })];
export const END = frame(4, 'end', { tokens_out: 2, decode_ms: 8, finish_reason: 'stop' });
export const CANCELLED = frame(4, 'end', { tokens_out: 2, decode_ms: 8, finish_reason: 'cancelled' });
export const STREAM = 'GET /v1/tasks/{id}/stream';

/** The server of the running test; replaced by each `cli`. */
export let server: ContractServer;

/** Call it in each spec: the server of a command ends with its test. */
export function closeServerAfterEach(): void {
  afterEach(() => server.close());
}

export function always(answer: Answer): Route {
  return () => answer;
}

export const RUNS_WELL: Readonly<Record<string, Route>> = {
  'GET /v1/capabilities': always({ status: 200, body: CAPABILITIES }),
  'POST /v1/tasks': always({ status: 202, body: ACCEPTED }),
  [STREAM]: always({ status: 200, frames: [STARTED, ...TOKENS, END] }),
};

/** Runs one command against a server with these routes. */
export async function cli(
  argv: readonly string[],
  routes: Readonly<Record<string, Route>> = {},
  options: TestIoOptions = {},
  prepare: (io: TestIo) => void = () => undefined,
): Promise<{ code: number; io: TestIo }> {
  server = await ContractServer.start(routes);
  const io = new TestIo({ ...options, env: { LLORCH_URL: server.url, ...options.env } });
  prepare(io);
  const code = await runCli(argv, {
    io,
    serve: () => Promise.resolve(0),
    simulate,
    selfTest,
    engine: careForEngines,
    audit: careForAudit,
    backup: careForBackups,
    policy: careForPolicies,
  });
  return { code, io };
}
