import { z } from 'zod';
import { engineFacts } from './engine-facts.js';
import { count, httpUrl, milliseconds, name, pluginOptions, poolId, text } from './fields.js';
import { adaptiveConcurrency, classRps, weight } from './limits-schema.js';
import { provisioning } from './provisioning-schema.js';

export const DEFAULT_QUEUE_CAPACITY = 128;
const DEFAULT_BATCH_CAPACITY = 32;
const CLASSES = ['interactive', 'batch'] as const;
export const USUAL_PROBE = { interval_ms: 2_000, timeout_ms: 1_000, heartbeat_stale_ms: 10_000 } as const;
const USUAL_PROGRESS_MS = 30_000;
const MAX_QUEUE_CAPACITY = 1_000_000;
const MAX_DEVICES = 64;

const fullPolicy = () => z.enum(['reject', 'drop-lru', 'shed-low-priority']);

export const queue = z.strictObject({
  capacity: count(1, MAX_QUEUE_CAPACITY).default(DEFAULT_QUEUE_CAPACITY).describe('Tasks that may wait in this pool.'),
  full_policy: fullPolicy().default('reject').describe('What happens to a newcomer when the queue is full.'),
});

const priority = z.strictObject({
  name: z.enum(CLASSES).describe('The priority class that this entry sets.'),
  queue_capacity: count(1, MAX_QUEUE_CAPACITY)
    .optional()
    .describe('Tasks of this class that may wait. Default: interactive all of queue.capacity, batch 32.'),
  rate_limit_rps: classRps(),
  weight: weight().describe('Share against the other class under a fair discipline. Default: interactive 8, batch 1.'),
  full_policy: fullPolicy().optional().describe('Default: queue.full_policy of the pool.'),
});

export const admission = z.strictObject({
  priorities: z.array(priority).max(2).default([]).describe('Limits of the two priority classes.'),
});

const timeouts = z.strictObject({
  wall_ms: milliseconds().default(600_000).describe('Longest run of a task, from dispatch to its end.'),
  idle_ms: milliseconds().default(30_000).describe('Longest silence between two tokens.'),
  first_token_ms: milliseconds().default(120_000).describe('Longest wait for the first token after dispatch.'),
  load_ms: milliseconds().default(300_000).describe('Longest time that loading the model may take.'),
  cancel_ms: milliseconds().default(5_000).describe('Longest wait for the engine to give a cancelled slot back.'),
});

const backoff = z.strictObject({
  initial_ms: milliseconds().default(1_000).describe('Wait before the first restart of a replica.'),
  max_ms: milliseconds().default(60_000).describe('Longest wait between two restarts.'),
  factor: z.number().min(1).max(10).default(2).describe('Growth of the wait from one restart to the next.'),
  jitter: z.number().min(0).max(1).default(0.2).describe('Random part of each wait; 0.2 = up to 20 % more or less.'),
  reset_ms: milliseconds().default(300_000).describe('Time Ready after which the wait starts anew.'),
});

const breaker = z.strictObject({
  failures: count(1, 1_000).default(5).describe('Failures within window_ms that open the breaker.'),
  window_ms: milliseconds().default(600_000).describe('How far back failures count.'),
  open_ms: milliseconds().default(300_000).describe('Time without an attempt, before one half-open attempt.'),
});

const probe = z.strictObject({
  interval_ms: milliseconds().default(USUAL_PROBE.interval_ms).describe('Time between two health probes of a replica.'),
  timeout_ms: milliseconds().default(USUAL_PROBE.timeout_ms).describe('Longest wait for the answer of a probe.'),
  fail_threshold: count(1, 100).default(3).describe('Failed probes in a row that end a replica and start it anew.'),
  loading_interval_ms: milliseconds()
    .default(500)
    .describe('Longest time between two probes while the model loads; the first ones come faster.'),
  heartbeat_stale_ms: milliseconds()
    .default(USUAL_PROBE.heartbeat_stale_ms)
    .describe('Longest time without a sign of life: an answer to a probe, or a token. A replica is Unready beyond it.'),
  progress_ms: milliseconds()
    .optional()
    .describe(
      'Longest silence of decodes while the engine answers probes. Default: 30 000, timeouts.idle_ms if longer.',
    ),
});

export const perf = z.strictObject({
  prefill_tps: z.number().positive().max(1e9).default(500).describe('Prompt tokens per second, before measured.'),
  decode_tps: z.number().positive().max(1e9).default(20).describe('Tokens per second of one slot, before measured.'),
});

/** Of a daemon; nothing is loaded in a simulation. */
const poolPerf = perf.extend({
  load_mb_per_s: z
    .number()
    .positive()
    .max(1e6)
    .default(1_000)
    .describe('Rate at which weights are read, in MB/s, before a load on demand was measured.'),
});

const reload = z.strictObject({
  min_speed: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('Share of its usual tokens per second that an unchanged model has to reach after a reload; 0 = any.'),
});

const failover = z.strictObject({
  mode: z
    .enum(['strict', 'off'])
    .default('strict')
    .describe('strict: where equal runs give equal bytes, an answer whose engine is lost goes on with another run.'),
  max: count(1, 100).default(2).describe('How often one task may go on so.'),
  wait_ms: milliseconds().default(30_000).describe('Longest wait for a slot on which it goes on.'),
});

/** One pool as an operator writes it. */
const poolInput = z.strictObject({
  id: poolId().describe('Name of the pool: a-z, 0-9, ".", "_", "-"; unique.'),
  engine: name().describe(
    'Engine adapter: embedded, llamacpp, vllm, tgi, triton, openai, mock, or the id of an engine plugin.',
  ),
  model: text().describe('Model ref: a bundled model, or the name that the engine knows it by.'),
  ctx: count(1, 100_000_000)
    .optional()
    .describe('Context of one request in tokens. Default: 8192, or less by the model.'),
  device: z
    .enum(['cpu', 'gpu', 'remote'])
    .optional()
    .describe('Where the engine computes. Default: cpu for embedded and mock, gpu otherwise.'),
  devices: z
    .array(count(0, MAX_DEVICES - 1))
    .min(1)
    .max(MAX_DEVICES)
    .optional()
    .describe('GPUs that the pool may use, by index. Default: all.'),
  replicas: z
    .union([count(1, 256), z.literal('per-device')], 'must be a whole number of 1 to 256, or per-device')
    .optional()
    .describe('Running engines with this model. Default: one on each of its GPUs, or 1 without GPUs or with a split.'),
  tensor_split: z
    .array(z.number().positive().max(1))
    .min(2)
    .max(MAX_DEVICES)
    .optional()
    .describe('Spreads each replica over all devices, with these shares in their order; they come to 1.'),
  homogeneous: z.boolean().default(false).describe('Spreads each replica evenly over all devices, which are alike.'),
  footprint_gib: z
    .number()
    .positive()
    .max(100_000)
    .optional()
    .describe('Memory that one replica takes, in GiB. Default: read from the weights, where they are local.'),
  slots: count(1, 4_096).default(1).describe('Tasks that one replica decodes at once.'),
  determinism: z
    .enum(['strict', 'best_effort'])
    .default('strict')
    .describe('strict: equal tasks give equal bytes, or the pool refuses them.'),
  sampler_profile_version: z.literal('v1').default('v1').describe('Pinned defaults of the sampling parameters.'),
  labels: z
    .record(z.string().min(1).max(63), z.string().max(200))
    .default({})
    .describe('Facts that tasks can ask for with pool_labels.'),
  endpoint: httpUrl().optional().describe('Base URL of an engine that runs elsewhere, such as http://127.0.0.1:8081.'),
  perf: poolPerf.prefault({}).describe('Speeds that predictions use until the pool has measured its own.'),
  preload: z
    .boolean()
    .default(true)
    .describe('false: the model loads when a task asks for it, and makes room when others need its memory.'),
  unload_after_ms: milliseconds(0)
    .default(300_000)
    .describe('Time without a task after which a model that was loaded on demand is unloaded; 0 = never.'),
  allow_mock: z.boolean().default(false).describe('Required with engine mock, which makes up its tokens.'),
  options: pluginOptions().describe('Options of the engine adapter; it checks them.'),
  queue: queue.prefault({}).describe('The queue of this pool.'),
  admission: admission.prefault({}).describe('Limits per priority class.'),
  adaptive_concurrency: adaptiveConcurrency
    .prefault({})
    .describe('Fewer slots than there are, where using all of them makes each task slow.'),
  timeouts: timeouts.prefault({}).describe('When the watchdog ends a task.'),
  backoff: backoff.prefault({}).describe('Waits between restarts of a failed replica.'),
  reload: reload.prefault({}).describe('What a reload asks of a new engine before it serves.'),
  failover: failover.prefault({}).describe('What becomes of an answer whose engine is lost after its first token.'),
  stream_log: z
    .enum(['send-then-log', 'log-before-send'])
    .default('send-then-log')
    .describe('Whether a frame is sent at once, or once no crash of the daemon can take it back.'),
  breaker: breaker.prefault({}).describe('When restarts stop for a while.'),
  probe: probe.prefault({}).describe('Health probes of the replicas.'),
  provisioning: provisioning.optional().describe('How the engine is got and started. Absent: it runs elsewhere.'),
});

type PoolInput = z.output<typeof poolInput>;

/** The pool schema; its output has every default filled in, also those that depend on other members. */
export const poolSchema = poolInput.transform((pool) => {
  const device = pool.device ?? engineFacts(pool.engine).device;
  const probe = { ...pool.probe, progress_ms: progressMsOf(pool) };
  return { ...pool, device, probe, replicas: replicasOf(pool, device), admission: { priorities: classesOf(pool) } };
});

/** No shorter than the silence that a single task may keep. */
function progressMsOf({ probe, timeouts }: PoolInput): number {
  return probe.progress_ms ?? Math.max(USUAL_PROGRESS_MS, timeouts.idle_ms);
}

function replicasOf(pool: PoolInput, device: 'cpu' | 'gpu' | 'remote'): number | 'per-device' {
  if (pool.replicas !== undefined) return pool.replicas;
  const isSplit = pool.tensor_split !== undefined || pool.homogeneous;
  return device !== 'gpu' || pool.endpoint !== undefined || isSplit ? 1 : 'per-device';
}

/** Both classes, those that are written first and in their order. */
export function classesOf(pool: Pick<PoolInput, 'queue' | 'admission'>) {
  const { capacity, full_policy } = pool.queue;
  const share = { interactive: capacity, batch: Math.min(DEFAULT_BATCH_CAPACITY, capacity) };
  const written: readonly z.output<typeof priority>[] = pool.admission.priorities;
  const left: typeof written = CLASSES.filter((name) => !written.some((entry) => entry.name === name)).map((name) => ({
    name,
  }));
  return [...written, ...left].map((entry) => ({ queue_capacity: share[entry.name], full_policy, ...entry }));
}
