import { EngineError, type EngineDescription, z } from '@llama-orch/plugin-sdk';

/** What the server tells about itself, as far as the adapter needs it. */
export interface ServerFacts {
  readonly version: string;
  readonly slots: number;
  /** Context of one slot. */
  readonly contextTokens: number;
  readonly quant: string | undefined;
  readonly modelDigest: string | undefined;
  readonly isSleeping: boolean;
  /** `/slots` answers, so that a cancel can be confirmed. */
  readonly hasSlotsRoute: boolean;
}

const propsSchema = z.object({
  total_slots: z.int().min(1),
  default_generation_settings: z.object({ n_ctx: z.int().min(1) }),
  build_info: z.string().optional(),
  model_ftype: z.string().optional(),
  is_sleeping: z.boolean().optional(),
  endpoint_slots: z.boolean().optional(),
});

const modelsSchema = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      meta: z.object({ n_params: z.number(), size: z.number(), ftype: z.string().optional() }).nullish(),
    }),
  ),
});

const PARAMS = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'presence_penalty',
  'frequency_penalty',
  'repeat_penalty',
  'stop',
] as const;

/**
 * Reads the parsed replies of `/props` and `/v1/models`; the path of the weights is left behind.
 * @throws EngineError when the server is no llama-server
 */
export function readFacts(props: unknown, models: unknown): ServerFacts {
  const parsed = propsSchema.safeParse(props);
  if (!parsed.success) {
    throw new EngineError(
      'adapter',
      'What answers at the url of the pool is no llama-server: /props is not as expected.',
      {
        reason: 'not_llama_server',
        cause: parsed.error,
      },
    );
  }
  const { data } = parsed;
  const model = modelsSchema.safeParse(models).data?.data[0];
  return {
    version: data.build_info ?? 'unknown',
    slots: data.total_slots,
    contextTokens: data.default_generation_settings.n_ctx,
    quant: data.model_ftype ?? model?.meta?.ftype,
    modelDigest: model === undefined ? undefined : identityOf(model),
    isSleeping: data.is_sleeping ?? false,
    hasSlotsRoute: data.endpoint_slots ?? true,
  };
}

/** The server knows no hash of its weights: name, parameters, bytes and type stand for them. */
function identityOf(model: NonNullable<z.output<typeof modelsSchema>['data'][number]>): string {
  const name = model.id.split(/[/\\]/).at(-1) ?? '';
  const { n_params, size, ftype } = model.meta ?? {};
  return ['llamacpp', name, n_params, size, ftype].filter((part) => part !== undefined).join(':');
}

/** Whether a cached prefix is used: it may change the last decimals, so by default only where nothing exact is promised. */
export function usesPromptCache(facts: ServerFacts, option: boolean | undefined): boolean {
  return option ?? facts.slots > 1;
}

/** What the pool makes of the server. */
export interface Use {
  readonly slots: number;
  readonly contextTokens: number;
  /** Conversations can be rendered as the options ask. */
  readonly canChat: boolean;
  readonly cachesPrompt: boolean;
}

/** What is declared to the host. Exact only on a server with one slot: a batch changes the last decimals of logits. */
export function descriptionOf(facts: ServerFacts, use: Use): EngineDescription {
  return {
    engineVersion: facts.version,
    ...(facts.modelDigest === undefined ? {} : { modelDigest: facts.modelDigest }),
    ...(facts.quant === undefined ? {} : { quant: facts.quant }),
    slots: use.slots,
    contextTokens: use.contextTokens,
    workloads: ['completion'],
    determinism: facts.slots === 1 && !use.cachesPrompt ? 'exact' : 'best_effort',
    seedBits: 31,
    features: { params: PARAMS, chat: use.canChat, jsonSchema: true, promptAbort: true },
  };
}
