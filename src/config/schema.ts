import { z } from 'zod';
import { isKeyHash } from '../kernel/key-hash.js';
import { artifacts } from './artifacts-schema.js';
import { BIND, BIND_RULE, parseBind } from './bind.js';
import { catalog } from './catalog-schema.js';
import { bytes, count, httpUrl, milliseconds, money, name, pluginOptions, text } from './fields.js';
import { keyLimits, slo, tenant } from './limits-schema.js';
import { poolSchema } from './pool-schema.js';
import { audit, egress, policy, policySandbox, redaction, tools } from './policy-schema.js';

/** What a key may do; `admin` is for keys and configuration. */
export const SCOPES = ['infer', 'artifacts', 'tools', 'control', 'observe', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** The bundled model. */
export const DEFAULT_MODEL = 'haiku-nano';

/** What is served when no pools are configured. */
export const DEFAULT_POOL = { id: 'default', engine: 'embedded', model: DEFAULT_MODEL } as const;

const server = z.strictObject({
  bind: z
    .string()
    .regex(BIND, { error: BIND_RULE, abort: true })
    .refine((bind) => parseBind(bind) !== undefined, 'must have a port of 0 to 65535')
    .default('127.0.0.1:8080')
    .describe('Address and port to listen on, host:port. An address other than loopback needs a key.'),
  advertised_url: httpUrl()
    .optional()
    .describe('Base URL that clients reach this server by. Default: from the request.'),
  allowed_hosts: z
    .array(text(253))
    .default([])
    .describe('Further names that the Host header may carry, beside the bound address and localhost.'),
  shutdown_ms: milliseconds(0).default(30_000).describe('Time that running tasks get to finish on SIGTERM.'),
});

const limits = z.strictObject({
  body_bytes: bytes(1024)
    .default(4 * 1024 * 1024)
    .describe('Largest request body.'),
  header_bytes: bytes(1024)
    .default(16 * 1024)
    .describe('Largest request head.'),
  json_depth: count(1, 1_000).default(64).describe('Deepest nesting of a JSON body.'),
  max_tokens: count(1, 2_147_483_647).default(50_000).describe('Largest max_tokens of a task.'),
  idempotency_hours: count(1, 8_760).default(24).describe('Hours that an Idempotency-Key is remembered.'),
  task_hours: count(1, 8_760).default(24).describe('Hours that an ended task stays readable.'),
  tasks_kept: count(1, 10_000_000)
    .default(10_000)
    .describe('Ended tasks that stay readable at most; the oldest go first.'),
});

const key = z.strictObject({
  id: name().describe('Name of the record; unique.'),
  name: text(200).optional().describe('For people.'),
  hash: z
    .string()
    .refine(isKeyHash, 'must be hmac-sha256:<32 hex digits>:<64 hex digits>')
    .describe('hmac-sha256:<salt>:<digest>, both in hex. The key text itself is never stored.'),
  tenant: name().default('default').describe('Tenant that everything done with this key belongs to.'),
  scopes: z.array(z.enum(SCOPES)).min(1).default(['infer']).describe('What the key may do.'),
  limits: keyLimits.optional().describe('How often the key may submit tasks. Default: no limit.'),
  expires_ms: z.int().positive().optional().describe('Unix time in milliseconds after which the key is refused.'),
});

const auth = z.strictObject({
  keys: z.array(key).default([]).describe('Keys that are accepted. None: open on loopback, refused elsewhere.'),
  protect_metrics: z.boolean().default(true).describe('Off loopback, /metrics and /openapi need a key too.'),
});

export const scheduler = z.strictObject({
  discipline: name().default('priority-fifo').describe('Queue discipline: whose turn it is.'),
  options: pluginOptions().describe('Options of the queue discipline; it checks them.'),
  placement: name().default('most-free-vram').describe('Placement strategy: on which replica a task runs.'),
  affinity_max_load: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('Share of busy slots, above the least loaded replica, up to which a session keeps its last one.'),
  on_deadline: z.enum(['stop', 'finish']).default('stop').describe('What happens to a running task at its deadline.'),
  batch_max_wait_ms: milliseconds(0).default(60_000).describe('Wait after which a batch task goes next; 0 = never.'),
  deadline_window: count(1, 100_000)
    .default(100)
    .describe('Tasks with a deadline that deadlines_met_ratio looks back on, per class.'),
  overload_share: z
    .number()
    .min(0.1)
    .max(1)
    .default(0.9)
    .describe(
      'Share of a queue from which on it is nearly full. A discipline by deadline then gives up who will be late.',
    ),
  overload_ms: milliseconds(0).default(10_000).describe('Time that a queue has to stay nearly full before that.'),
  receipts_kept: count(0, 1_000_000).default(10_000).describe('Decisions that can still be explained; 0 = none.'),
});

export const preemption = z.strictObject({
  mode: z
    .enum(['disabled', 'soft', 'hard'])
    .default('disabled')
    .describe('soft: urgent tasks evict waiting batch tasks. hard: they suspend running ones too, which go on later.'),
  hard_requirements: z
    .strictObject({
      engine_capability: z
        .literal('interruptible_decode')
        .default('interruptible_decode')
        .describe('What an engine must declare before its tasks are suspended.'),
      max_preemptions_per_min: count(1, 6_000).default(10).describe('Suspensions of one pool within a minute.'),
      protect_priorities: z
        .array(z.enum(['interactive', 'batch']))
        .default(['interactive'])
        .describe('Classes that are never suspended.'),
    })
    .prefault({})
    .describe('Bounds of hard preemption.'),
});

const stream = z.strictObject({
  keepalive_ms: milliseconds(100).default(10_000).describe('Silence after which a comment keeps a stream open.'),
  ring_bytes: bytes(1024)
    .default(1024 * 1024)
    .describe('Frames of one task kept in memory for resuming.'),
  ring_after_end_ms: milliseconds(0).default(600_000).describe('Time that these frames are kept after the end.'),
  retained_bytes: bytes(1024)
    .default(256 * 1024 * 1024)
    .describe('Frames of all ended tasks together; the oldest go first.'),
  reader_buffer_bytes: bytes(1024)
    .default(256 * 1024)
    .describe('Bytes a slow reader may lag before it is cut off.'),
  metrics_ms: milliseconds(10).default(1_000).describe('Time between two metrics frames of a running task.'),
});

const storage = z.strictObject({
  data_dir: text(4096)
    .optional()
    .describe('Folder of everything that survives a restart. Default: $XDG_DATA_HOME/llama-orch.'),
});

const sessions = z.strictObject({
  ttl_ms: milliseconds(1).default(600_000).describe('Time without a task after which a session is forgotten.'),
  max_turns: count(1, 1_000_000).default(8).describe('Tasks that a session may have in all.'),
});

const budgets = z.strictObject({
  mode: z
    .enum(['enforce', 'advisory'])
    .default('enforce')
    .describe('enforce: what a session cannot pay for is refused or stopped. advisory: it is only counted.'),
  tokens: count(1, 1_000_000_000_000).optional().describe('Prompt and generated tokens of a session in all.'),
  time_ms: count(1, 1_000_000_000_000).optional().describe('Decode time of a session in all.'),
  cost: money(1_000_000).positive().optional().describe('Cost of a session in all, in the unit of the prices.'),
  price_input: money(1).default(0.000002).describe('Cost of a prompt token.'),
  price_output: money(1).default(0.000002).describe('Cost of a generated token.'),
});

export const plugin = z.strictObject({
  package: text(214).describe('npm package name, or a path that begins with ./ or /.'),
  id: name().optional().describe('The id that the package must provide.'),
  options: pluginOptions().describe('Options of the plugin; it checks them.'),
  optional: z.boolean().default(false).describe('true: a failure is reported and the start goes on.'),
});

const gpu = z.strictObject({
  probe: name()
    .default('auto')
    .describe(
      'GPU probe: auto takes nvml, else nvidia-smi, else none; or the id of one; none = GPUs are not looked at.',
    ),
  interval_ms: milliseconds(100).default(1_000).describe('Time between two looks at the GPUs.'),
  options: pluginOptions().describe('Options of the probe; it checks them.'),
});

const onDemand = z.strictObject({
  min_loaded_ms: milliseconds(0)
    .default(0)
    .describe('Time that a model stays loaded at least; 0 = half its load time.'),
  max_turn_ms: milliseconds()
    .default(120_000)
    .describe('Time after which a model with tasks gives way to another one that waits. Usually 4 times its load.'),
});

const log = z.strictObject({
  level: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('Least level.'),
  format: z.enum(['json', 'pretty']).default('json').describe('One JSON object a line, or text for people.'),
});

/** The one source of validation, defaults, the type {@link Config} and the published JSON Schema. */
export const configSchema = z
  .strictObject({
    profile: z.literal('solo').default('solo').describe('solo: one process, no outside services.'),
    server: server.prefault({}).describe('Where the server listens.'),
    limits: limits.prefault({}).describe('Bounds of requests and of what is kept.'),
    auth: auth.prefault({}).describe('Who may call.'),
    tenants: z.array(tenant).default([]).describe('Limits of tenants.'),
    pools: z.array(poolSchema).min(1).prefault([DEFAULT_POOL]).describe('What is served, and by which engine.'),
    scheduler: scheduler.prefault({}).describe('Whose turn it is, and where.'),
    sessions: sessions.prefault({}).describe('How long a session lives, and how many tasks it may have.'),
    budgets: budgets.prefault({}).describe('What every session may spend; off while no cap is set.'),
    storage: storage.prefault({}).describe('Where state is kept.'),
    preemption: preemption.prefault({}).describe('When work gives way to more urgent work.'),
    stream: stream.prefault({}).describe('How answers are streamed and kept for resuming.'),
    catalog: catalog.prefault({}).describe('Which models can be served, and where they come from.'),
    artifacts: artifacts.prefault({}).describe('Which results are kept, and how long.'),
    tools: tools.prefault({}).describe('What agents may call through the daemon.'),
    egress: egress.prefault({}).describe('Whom the daemon may call, for agents and for itself.'),
    policies: z
      .array(policy)
      .max(32)
      .default([])
      .describe('Who is asked before a call goes out or a task comes in. Empty: allow-all; nobody in production.'),
    policy: policySandbox.prefault({}).describe('How policies are run.'),
    audit: audit.prefault({}).describe('The record of what was decided.'),
    redaction: redaction.prefault({}).describe('What never leaves the daemon in clear.'),
    slo: slo.optional().describe('Objectives of service; when set, batch work is shed on a lasting breach.'),
    gpu: gpu.prefault({}).describe('How the GPUs of this machine are looked at.'),
    on_demand: onDemand.prefault({}).describe('How models with preload: false share memory.'),
    plugins: z.array(plugin).default([]).describe('Plugins to load beside those that come with llama-orch.'),
    log: log.prefault({}).describe('The log on standard output.'),
  })
  .meta({ title: 'Config', description: 'Configuration of llama-orch.' });

type Immutable<Value> = Value extends object ? { readonly [Key in keyof Value]: Immutable<Value[Key]> } : Value;

/** A whole configuration: checked, with every default filled in. Member names are those of the file. */
export type Config = Immutable<z.output<typeof configSchema>>;
export type PoolConfig = Config['pools'][number];
export type PolicyEntry = Config['policies'][number];
export type KeyRecord = Config['auth']['keys'][number];
