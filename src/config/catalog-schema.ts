import { z } from 'zod';
import { count, milliseconds, name, pluginOptions, text } from './fields.js';

const size = () => z.int().min(0).max(Number.MAX_SAFE_INTEGER);

const signer = z.strictObject({
  identity: text(1_000).describe('E-mail address or URI in the certificate, in full.'),
  issuer: text(1_000).describe('URL of the OpenID Connect provider in the certificate, in full.'),
});

const trustPolicy = z.strictObject({
  mode: z
    .enum(['permissive', 'strict'])
    .default('permissive')
    .describe('strict: what is unsigned or has no SBOM is refused. permissive: it is taken with a warning.'),
  allowed_registries: z
    .array(text(253))
    .default([])
    .describe(
      'Where models may come from: host, *.host or host/organisation; file for local weights. Empty: anywhere.',
    ),
  require_signature: z.boolean().optional().describe('Default: true when strict.'),
  require_sbom: z.boolean().optional().describe('Default: true when strict.'),
  ca_roots: z
    .array(text(4096))
    .max(32)
    .default([])
    .describe('Files with public keys or certificates (PEM) or a trusted_root.json, that signatures may lead to.'),
  signers: z
    .array(signer)
    .max(64)
    .default([])
    .describe('Who may sign with Sigstore, where no key tells. Empty: nobody.'),
});

const fetching = z.strictObject({
  parallel: count(1, 16).default(2).describe('Files that are fetched at the same time.'),
  reserve_bytes: size()
    .default(2 * 1024 ** 3)
    .describe('Room on the disk that a fetch leaves free, beside a twentieth of its size.'),
  retries: count(0, 100)
    .default(5)
    .describe('Times that a fetch which broke off goes on by itself without a byte more.'),
  retry_ms: milliseconds()
    .default(1_000)
    .describe('Wait before the first of them; it doubles each time, up to a minute.'),
});

/** Which models can be served, where they come from, and who is trusted. */
export const catalog = z.strictObject({
  root: text(4096)
    .optional()
    .describe('Folder of entries, manifests, signatures. Default: catalog in the data folder.'),
  weights_dir: text(4096).optional().describe('Folder of fetched weights. Default: $XDG_CACHE_HOME/llama-orch/models.'),
  auto_fetch: z
    .boolean()
    .default(true)
    .describe('true: weights that a task asks for and that are not here are fetched.'),
  cache_max_bytes: size()
    .default(0)
    .describe('Fetched weights in all; the least recently used that nothing refers to go first. 0 = no limit.'),
  delete_grace_hours: count(0, 8_760)
    .default(24)
    .describe('Hours between the removal of an entry and that of its files.'),
  trust_policy: trustPolicy.prefault({}).describe('What a model must prove.'),
  fetch: fetching.prefault({}).describe('How weights are fetched.'),
  sources: z
    .record(name(), pluginOptions())
    .default({})
    .describe('Options of model sources, by the id of the plugin, such as huggingface; it checks them.'),
});
