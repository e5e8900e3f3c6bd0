import { z } from '@llama-orch/plugin-sdk';
import { keyVariable } from '@llama-orch/plugin-sdk/http';

/** What an operator writes under the engine's options. */
export const openAiOptions = z.strictObject({
  /** Name of the environment variable that holds the key; absent: no key is sent. */
  api_key_env: keyVariable.optional(),
  /** `auto`: messages go to `/chat/completions`, text to `/completions`; else everything goes to one of them. */
  api: z.enum(['auto', 'chat', 'completions']).default('auto'),
  /** `openai` leaves out top_k, min_p and the repetition penalty, which OpenAI and other clouds refuse. */
  fields: z.enum(['extended', 'openai']).default('extended'),
  /** What the server calls the token limit; newer models of OpenAI take the second alone. */
  max_tokens_field: z.enum(['max_tokens', 'max_completion_tokens']).default('max_tokens'),
  /** Ask for usage at the end of a stream. Off for servers that refuse `stream_options`; counts are then estimates. */
  include_usage: z.boolean().default(true),
  /** Whether the server keeps answers to a JSON schema. */
  json_schema: z.boolean().default(true),
  /** Whether the server tells its models at `/models`; without it, only the connection is probed. */
  list_models: z.boolean().default(true),
  workloads: z
    .array(z.enum(['completion', 'embedding', 'rerank']))
    .min(1)
    .default(['completion']),
  /** Tokens of one request, where the server does not tell or tells too many. */
  max_context: z.int().min(1).optional(),
  /** Prometheus metrics of SGLang, vLLM or llama-server; absent: none are read. */
  metrics_url: z.url({ protocol: /^https?$/ }).optional(),
  /** Milliseconds until the first byte of an answer: the server's own queue and the reading of the prompt. */
  first_byte_timeout_ms: z.int().min(100).max(86_400_000).default(300_000),
  /** Milliseconds of silence inside an answer; keep-alive comments count as life. */
  idle_timeout_ms: z.int().min(100).max(86_400_000).default(120_000),
});

export type OpenAiOptions = z.output<typeof openAiOptions>;
