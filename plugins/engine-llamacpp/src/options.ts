import { z } from '@llama-orch/plugin-sdk';
import { keyVariable } from '@llama-orch/plugin-sdk/http';

/** What an operator writes under the engine's options. */
export const llamaCppOptions = z.strictObject({
  /** Name of the environment variable that holds the server's API key; absent: no key is sent. */
  api_key_env: keyVariable.optional(),
  /** Name under which the server serves the model of the pool. Absent: the name that the pool gives it. */
  served_model: z.string().min(1).max(200).optional(),
  /** What the server was started for; vectors and scores need flags of its own. */
  workloads: z
    .array(z.enum(['completion', 'embedding', 'rerank']))
    .min(1)
    .default(['completion']),
  /** Reuse the KV cache of a common prefix. Absent: only where several slots make answers best effort anyway. */
  cache_prompt: z.boolean().optional(),
  /** Whether control tokens in the text of callers stay text, or are obeyed by the model. */
  control_tokens: z.enum(['separated', 'obeyed']).default('separated'),
  /** Ask the server after a cancel whether the slot is free, for at most one second. */
  confirm_cancel: z.boolean().default(true),
  /** Milliseconds until the first byte of an answer: the server's own queue and the reading of the prompt. */
  first_byte_timeout_ms: z.int().min(100).max(86_400_000).default(300_000),
  /** Milliseconds of silence inside an answer; the server's keep-alive comments count as life. */
  idle_timeout_ms: z.int().min(100).max(86_400_000).default(120_000),
});

export type LlamaCppOptions = z.output<typeof llamaCppOptions>;
