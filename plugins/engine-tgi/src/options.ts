import { z } from '@llama-orch/plugin-sdk';
import { keyVariable } from '@llama-orch/plugin-sdk/http';

/** What an operator writes under the engine's options. */
export const tgiOptions = z.strictObject({
  /** Name of the environment variable that holds the server's API key; absent: no key is sent. */
  api_key_env: keyVariable.optional(),
  /** The `model_id` that the server must serve, where it is not the pool's own model ref. */
  model_id: z.string().min(1).optional(),
  /** Ask the server's metrics after a cancel whether the request is gone, for at most one second. */
  confirm_cancel: z.boolean().default(true),
  /** Milliseconds until the first byte of an answer: the server's own queue and the reading of the prompt. */
  first_byte_timeout_ms: z.int().min(100).max(86_400_000).default(300_000),
  /** Milliseconds of silence inside an answer; keep-alive comments count as life. */
  idle_timeout_ms: z.int().min(100).max(86_400_000).default(120_000),
});

export type TgiOptions = z.output<typeof tgiOptions>;
