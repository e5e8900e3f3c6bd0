import { z } from '@llama-orch/plugin-sdk';
import { keyVariable } from '@llama-orch/plugin-sdk/http';

/** What an operator writes under the engine's options. */
export const vllmOptions = z.strictObject({
  /** Name of the environment variable that holds the server's API key; absent: no key is sent. */
  api_key_env: keyVariable.optional(),
  /** What the server's model is for: vLLM serves either answers or vectors and scores. */
  workloads: z
    .array(z.enum(['completion', 'embedding', 'rerank']))
    .min(1)
    .default(['completion']),
  /** The server runs with VLLM_BATCH_INVARIANT=1, so that equal requests give equal bytes. */
  batch_invariant: z.boolean().default(false),
  /** Tokens of one request, where the operator knows better than the server. */
  max_context: z.int().min(1).optional(),
  /** Ask the server's metrics after a cancel whether the request is gone, for at most one second. */
  confirm_cancel: z.boolean().default(true),
  /** Where the metrics are, when not at `/metrics` beside the other routes. */
  metrics_url: z.url({ protocol: /^https?$/ }).optional(),
  /** Milliseconds until the first byte of an answer: the server's own queue and the reading of the prompt. */
  first_byte_timeout_ms: z.int().min(100).max(86_400_000).default(300_000),
  /** Milliseconds of silence inside an answer. */
  idle_timeout_ms: z.int().min(100).max(86_400_000).default(120_000),
});

export type VllmOptions = z.output<typeof vllmOptions>;
