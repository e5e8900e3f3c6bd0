import { EngineError, type EngineDescription, z } from '@llama-orch/plugin-sdk';

/** What the server tells about itself. */
export interface ServerFacts {
  readonly version: string;
  readonly modelId: string;
  readonly modelDigest: string;
  /** Requests at once; the next one is refused. */
  readonly slots: number;
  /** Tokens of one request, prompt and answer together. */
  readonly contextTokens: number;
  readonly maxPromptTokens: number;
  readonly maxStops: number;
}

const DEFAULT_STOPS = 4;
const PARAMS = ['temperature', 'top_p', 'top_k', 'frequency_penalty', 'repeat_penalty', 'stop'] as const;
const HUB_ID = /^[\w.-]+\/[\w.-]+$/;
const SEED_BITS = 53;

const infoSchema = z.object({
  model_id: z.string(),
  model_sha: z.string().nullish(),
  version: z.string(),
  max_concurrent_requests: z.int().min(1),
  max_total_tokens: z.int().min(1),
  max_input_tokens: z.int().min(1).optional(),
  /** The name of older releases. */
  max_input_length: z.int().min(1).optional(),
  max_stop_sequences: z.int().min(0).optional(),
});

/**
 * Reads the parsed reply of `/info`.
 * @throws EngineError when it is not that of a TGI
 */
export function readFacts(info: unknown): ServerFacts {
  const { data } = infoSchema.safeParse(info);
  if (data === undefined) throw otherEngine();
  return {
    version: data.version,
    modelId: data.model_id,
    modelDigest: ['tgi', shortName(data.model_id), data.model_sha].filter((part) => part != null).join(':'),
    slots: data.max_concurrent_requests,
    contextTokens: data.max_total_tokens,
    maxPromptTokens: data.max_input_tokens ?? data.max_input_length ?? data.max_total_tokens - 1,
    maxStops: data.max_stop_sequences ?? DEFAULT_STOPS,
  };
}

/**
 * One server serves one model, whatever a request names.
 * @param expected the option `model_id`; without it a pool whose ref looks like a name of the hub says what it wants
 * @throws EngineError `model_missing` when it is another one
 */
export function refuseOtherModel({ modelId }: ServerFacts, ref: string, expected: string | undefined): void {
  const wanted = expected ?? (HUB_ID.test(ref) && HUB_ID.test(modelId) ? ref : undefined);
  if (wanted === undefined || wanted.toLowerCase() === modelId.toLowerCase()) return;
  const message = `The server at the url of the pool serves ${shortName(modelId)}, not ${shortName(wanted)}; correct the url, the model or the option model_id.`;
  throw new EngineError('unavailable', message, { reason: 'model_missing' });
}

/** What answers is something else. */
export function otherEngine(): EngineError {
  const message =
    'What answers at the url of the pool is no Text Generation Inference: it has no /info as expected. Check the url, or use the adapter of that engine.';
  return new EngineError('unavailable', message, { reason: 'wrong_engine' });
}

/** A model that was loaded from a folder is told by its path, which stays here. */
function shortName(modelId: string): string {
  return HUB_ID.test(modelId) ? modelId : (modelId.split(/[/\\]/).findLast((part) => part !== '') ?? modelId);
}

/** What the pool makes of the server. */
export interface Use {
  readonly slots: number;
  readonly contextTokens: number;
  readonly canChat: boolean;
  readonly confirmsCancel: boolean;
}

/** What is declared to the host. Nothing promises equal bytes: requests are decoded in one batch. */
export function descriptionOf(facts: ServerFacts, use: Use): EngineDescription {
  return {
    engineVersion: facts.version,
    modelDigest: facts.modelDigest,
    slots: use.slots,
    contextTokens: use.contextTokens,
    workloads: ['completion'],
    determinism: 'best_effort',
    seedBits: SEED_BITS,
    features: {
      params: PARAMS,
      chat: use.canChat,
      controlTokens: 'obeyed',
      cancel: 'disconnect',
      cancelConfirmed: use.confirmsCancel,
      usage: 'end',
    },
  };
}
