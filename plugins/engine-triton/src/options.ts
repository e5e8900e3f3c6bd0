import { z } from '@llama-orch/plugin-sdk';
import { keyVariable } from '@llama-orch/plugin-sdk/http';
import { fieldsOption } from './fields.js';

/** What an operator writes under the engine's options. */
export const tritonOptions = z.strictObject({
  /** Name of the environment variable that holds the server's key; absent: no key is sent. */
  api_key_env: keyVariable.optional(),
  /** Header that carries the key, as in `--http-restricted-api`. Absent: `Authorization: Bearer`. */
  api_key_header: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/)
    .optional(),
  /** Name of the model in the repository, where it is not the pool's own model. */
  model_name: z.string().min(1).optional(),
  /** Version of the model; absent: the server's own policy. */
  model_version: z.string().regex(/^\d+$/).optional(),
  /** What the model calls its inputs and outputs; `auto` looks at them. */
  fields: fieldsOption.default('auto'),
  /** Whether each event holds what is new or the whole answer; `auto` finds out by comparing. */
  text: z.enum(['auto', 'delta', 'cumulative']).default('auto'),
  /** Whether the answer repeats the prompt; `auto`: only where the model cannot be told to leave it out. */
  echo: z.enum(['auto', 'never', 'always']).default('auto'),
  /** Load the model when the pool starts and unload it when it stops; needs --model-control-mode=explicit. */
  load: z.boolean().default(false),
  /** `exact`: the model has one instance and no dynamic batching. Needs a pool with one slot. */
  determinism: z.enum(['exact', 'best_effort']).default('best_effort'),
  /** Version of the backend, such as that of TensorRT-LLM, where the model's configuration does not tell it. */
  backend_version: z.string().min(1).max(64).optional(),
  /**
   * Where the metrics are: a url, or a path on the server itself. Absent: port 8002 of the same host if the url has port
   * 8000, otherwise none are read.
   */
  metrics_url: z.union([z.url({ protocol: /^https?$/ }), z.string().regex(/^\/[\w./-]*$/)]).optional(),
  /** Ask the metrics after a cancel whether the request is gone, for at most one second. */
  confirm_cancel: z.boolean().default(true),
  /** Milliseconds until the first byte of an answer: the server's own queue and the reading of the prompt. */
  first_byte_timeout_ms: z.int().min(100).max(86_400_000).default(300_000),
  /** Milliseconds of silence inside an answer. */
  idle_timeout_ms: z.int().min(100).max(86_400_000).default(120_000),
});

export type TritonOptions = z.output<typeof tritonOptions>;
