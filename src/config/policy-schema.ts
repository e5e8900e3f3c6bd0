import { z } from 'zod';
import { HOST_PATTERN, isHostPattern } from './host-pattern.js';
import { bytes, count, milliseconds, name, pluginOptions, text } from './fields.js';
import { isSafePattern } from './safe-pattern.js';

const SHA256 = /^sha256:[0-9a-f]{64}$/;
const HOOKS = ['on_request', 'on_response', 'on_admission'] as const;

/** Policies that come with llama-orch. */
export const BUILTIN_POLICIES = [
  'allow-all',
  'allow-hosts',
  'method-guard',
  'size-limit',
  'redact-secrets',
  'pii-mask',
  'rate-limit',
  'per-task-budget',
] as const;

/** What no policy has without a yes of the operator. */
export const POLICY_GRANTS = ['raw-secrets'] as const;

const policyLimits = z.strictObject({
  fuel: count(1_000, 1_000_000_000)
    .optional()
    .describe('Fuel of one call. Default: 10 million, JavaScript 50 million.'),
  memory_pages: count(1, 1_024)
    .optional()
    .describe('Linear memory in pages of 64 KiB. Default: 64 pages, JavaScript 128.'),
});

/** One policy of the chain. */
export const policy = z
  .strictObject({
    id: name().optional().describe('Name of the entry; unique. Default: the name that the policy gives itself.'),
    builtin: z.enum(BUILTIN_POLICIES).optional().describe('A policy that comes with llama-orch.'),
    path: text(4096)
      .optional()
      .describe('A module of your own: a .wasm file. It is watched, and loaded anew when it changes.'),
    sha256: z
      .string()
      .regex(SHA256, 'must be sha256:<64 hex digits>')
      .optional()
      .describe('Digest of the module; another one is not loaded.'),
    settings: pluginOptions().describe('Settings of the policy; it checks them.'),
    may_modify: z.boolean().default(false).describe('true: its patches are applied. false: a patch is an error.'),
    grants: z
      .array(z.enum(POLICY_GRANTS))
      .default([])
      .describe(
        'Rights that it may ask for; one that asks for more is not loaded. raw-secrets: it, and every policy that is asked with it, sees secrets of calls unmasked.',
      ),
    hooks: z.array(z.enum(HOOKS)).min(1).optional().describe('Hooks it is asked at. Default: all that it has.'),
    mode: z
      .enum(['enforce', 'monitor'])
      .default('enforce')
      .describe('monitor: it is asked and recorded, and decides nothing.'),
    on_error: z
      .enum(['deny', 'allow', 'skip'])
      .optional()
      .describe('What an error of the policy means. Default: deny; at admission allow.'),
    limits: policyLimits.prefault({}).describe('Bounds of one call.'),
  })
  .refine(({ builtin, path }) => (builtin === undefined) !== (path === undefined), {
    error: 'must have either builtin or path',
  });

/** How policies are run. */
export const policySandbox = z.strictObject({
  profile: z
    .enum(['permissive', 'production'])
    .optional()
    .describe(
      'production: a tool call needs the yes of a policy. Default: permissive on a loopback bind, else production.',
    ),
  workers: count(1, 16).optional().describe('Sandbox workers. Default: one less than the cores, 1 to 4.'),
  deadline_ms: milliseconds()
    .default(250)
    .describe('Time of a whole chain; a backstop, as fuel ends what runs too long.'),
  admission_deadline_ms: milliseconds().default(5).describe('The same for the chain of the admission hook.'),
  watch: z.boolean().default(true).describe('true: a changed module is loaded without a restart.'),
  require_signature: z.boolean().default(false).describe('true: a module without a good signature is not loaded.'),
  trusted_keys: z.array(text(4096)).default([]).describe('Public keys (PEM files, Ed25519) whose signatures count.'),
});

const secret = z
  .strictObject({
    env: text(200).optional().describe('Environment variable that holds it.'),
    file: text(4096).optional().describe('File that holds it; a newline at its end does not count.'),
    header: text(100).default('authorization').describe('Header that it is sent in.'),
    prefix: z.string().max(100).default('').describe('Text before it, such as "Bearer ".'),
    hosts: z.array(text(253)).min(1).describe('Hosts that it may be sent to: exact names, or *. and a name.'),
  })
  .refine(({ env, file }) => (env === undefined) !== (file === undefined), { error: 'must have either env or file' });

const mimeTypes = () => z.array(z.string().regex(/^[\w.+-]+\/(?:[\w.+-]+|\*)$/, 'must be type/subtype or type/*'));

export const tools = z.strictObject({
  enabled: z.boolean().default(true).describe('false: POST /v1/tools/… answers 404.'),
  cache_ttl_ms: milliseconds(0).default(0).describe('Time that answers to GET are kept; 0 = not at all.'),
  max_bytes: bytes()
    .default(1024 * 1024)
    .describe('Largest decoded answer of a call; callers may ask for less.'),
  timeout_ms: milliseconds().default(30_000).describe('Longest call; callers may ask for less.'),
  allowed_mime_types: mimeTypes().default([]).describe('Media types that answers may have. Empty: all.'),
  denied_mime_types: mimeTypes().default([]).describe('Media types that answers may not have.'),
  secrets: z.record(name(), secret).default({}).describe('Secrets that callers may name and never see.'),
  search: z
    .strictObject({
      provider: name().describe('Id of a search-provider plugin.'),
      options: pluginOptions().describe('Options of the plugin; it checks them.'),
    })
    .optional()
    .describe('Who answers POST /v1/tools/search. Without it the route answers 404.'),
});

const hostPattern = () => z.string().refine(isHostPattern, HOST_PATTERN);

function isProxyUrl(url: string): boolean {
  const { protocol, hostname, pathname, search, hash } = URL.parse(url) ?? { protocol: '' };
  return protocol === 'http:' && hostname !== '' && `${pathname}${search}${hash}` === '/';
}

export const egress = z.strictObject({
  enabled: z.boolean().default(true).describe('false: nothing is fetched or downloaded, whatever else is allowed.'),
  allow_private: z
    .boolean()
    .optional()
    .describe('true: private, loopback and CGNAT addresses may be called. Default: true on a loopback bind.'),
  allow_hosts: z
    .array(hostPattern())
    .default([])
    .describe('Hosts, addresses or ranges that may be called although they are private.'),
  deny_hosts: z.array(hostPattern()).default([]).describe('Hosts, addresses or ranges that are never called.'),
  ports: z.array(count(1, 65_535)).default([]).describe('Ports that may be called beside 80 and 443.'),
  rate_per_s: count(1, 100_000).default(10).describe('Tool calls of one key per second.'),
  dns_timeout_ms: milliseconds().default(3_000).describe('Time that a name may take to resolve.'),
  connect_timeout_ms: milliseconds().default(5_000).describe('Time that a connection may take, TLS included.'),
  proxy: text(2_048)
    .refine(isProxyUrl, 'must be http://[user:password@]host[:port]; proxies that are reached by TLS are not spoken to')
    .optional()
    .describe(
      'HTTP proxy (CONNECT) that public addresses are called through; it is told the address that was checked.',
    ),
  ca_roots: z
    .array(text(4096))
    .max(32)
    .default([])
    .describe('Files with certificates (PEM) that are trusted beside those of the system.'),
});

export const audit = z.strictObject({
  retention_days: count(1, 36_500).default(90).describe('Days that rows are kept; they go at checkpoints only.'),
  records: z
    .boolean()
    .default(true)
    .describe('true: what decisions were made from is kept too, for explain and replay.'),
  checkpoint_rows: count(1, 1_000_000).default(1_000).describe('Rows after which a checkpoint is signed.'),
  checkpoint_ms: milliseconds(100).default(300_000).describe('Time after which one is signed at the latest.'),
});

const pattern = text(1_000).refine(
  isSafePattern,
  'must be a regular expression that refers to nothing back, and repeats no group with repeats or alternatives in it',
);

export const redaction = z.strictObject({
  patterns: z.array(pattern).max(64).default([]).describe('Further texts that are secrets, as regular expressions.'),
  pii: z
    .boolean()
    .default(false)
    .describe('true: e-mail addresses, phone and card numbers go from answers of tools and from artifacts.'),
});
