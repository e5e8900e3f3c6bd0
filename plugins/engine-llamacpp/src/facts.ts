import { EngineError, type EngineDescription, type Workload, z } from '@llama-orch/plugin-sdk';
import { otherEngine, routerMode } from './errors.js';

/** What the server tells about itself, as far as the adapter needs it. */
export interface ServerFacts {
  readonly version: string;
  readonly slots: number;
  /** Context of one slot. */
  readonly contextTokens: number;
  readonly quant: string | undefined;
  readonly modelDigest: string | undefined;
  /** Names of the model, without folders. */
  readonly modelNames: readonly string[];
  readonly isSleeping: boolean;
  /** `/slots` answers, so that a cancel can be confirmed. */
  readonly hasSlotsRoute: boolean;
}

const propsSchema = z.object({
  total_slots: z.int().min(1),
  default_generation_settings: z.object({ n_ctx: z.int().min(1) }),
  build_info: z.string().optional(),
  model_ftype: z.string().optional(),
  model_alias: z.string().optional(),
  model_path: z.string().optional(),
  is_sleeping: z.boolean().optional(),
  endpoint_slots: z.boolean().optional(),
});
const routerSchema = z.object({ role: z.literal('router') });

const modelsSchema = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      aliases: z.array(z.string()).optional().catch(undefined),
      owned_by: z.string().optional().catch(undefined),
      meta: z.object({ n_params: z.number(), size: z.number(), ftype: z.string().optional() }).nullish(),
    }),
  ),
});
type ServedModel = z.output<typeof modelsSchema>['data'][number];

const SHOWN_CHARS = 80;
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
 * Reads the parsed replies of `/props` and `/v1/models`, undefined where one is no JSON; the path of the weights is left
 * behind.
 * @throws EngineError when the server is no llama-server, or one in router mode
 */
export function readFacts(props: unknown, models: unknown): ServerFacts {
  if (routerSchema.safeParse(props).success) throw routerMode();
  const model = modelsSchema.safeParse(models).data?.data[0];
  const { data } = propsSchema.safeParse(props);
  if (data === undefined) throw otherEngine(adapterOf(model));
  const names = [model?.id, ...(model?.aliases ?? []), data.model_alias, data.model_path];
  return {
    version: data.build_info ?? 'unknown',
    slots: data.total_slots,
    contextTokens: data.default_generation_settings.n_ctx,
    quant: data.model_ftype ?? model?.meta?.ftype,
    modelDigest: model === undefined ? undefined : identityOf(model),
    modelNames: [...new Set(names.filter((name): name is string => name !== undefined && name !== '').map(baseName))],
    isSleeping: data.is_sleeping ?? false,
    hasSlotsRoute: data.endpoint_slots ?? true,
  };
}

/**
 * One server serves one model, whatever a request names. Names differ in folders, case and the ending `.gguf` alone.
 * @throws EngineError `model_missing` when it is another one
 */
export function refuseOtherModel({ modelNames }: ServerFacts, wanted: string): void {
  if (modelNames.length === 0 || modelNames.some((name) => plainName(name) === plainName(wanted))) return;
  const [served = '', asked] = [modelNames[0], baseName(wanted)].map((name) => name?.slice(0, SHOWN_CHARS));
  const message = `The llama-server at the url of the pool serves ${served}, not ${asked}; correct the url or the model of the pool, or name what it serves in the option served_model.`;
  throw new EngineError('unavailable', message, { reason: 'model_missing' });
}

function plainName(name: string): string {
  return baseName(name)
    .toLowerCase()
    .replace(/\.gguf$/, '');
}

function baseName(path: string): string {
  return path.split(/[/\\]/).findLast((part) => part !== '') ?? path;
}

/** Every server with OpenAI routes writes its own name beside its models. */
function adapterOf(model: ServedModel | undefined): 'vllm' | 'openai' | undefined {
  if (model === undefined) return undefined;
  return model.owned_by === 'vllm' ? 'vllm' : 'openai';
}

/** The server knows no hash of its weights: name, parameters, bytes and type stand for them. */
function identityOf(model: ServedModel): string {
  const { n_params, size, ftype } = model.meta ?? {};
  return ['llamacpp', baseName(model.id), n_params, size, ftype].filter((part) => part !== undefined).join(':');
}

/** Whether a cached prefix is used: it may change the last decimals, so by default only where nothing exact is promised. */
export function usesPromptCache(facts: ServerFacts, option: boolean | undefined): boolean {
  return option ?? facts.slots > 1;
}

/** What the pool makes of the server. */
export interface Use {
  readonly slots: number;
  readonly contextTokens: number;
  readonly workloads: readonly Workload[];
  /** Conversations can be rendered as the options ask. */
  readonly canChat: boolean;
  readonly cachesPrompt: boolean;
  readonly controlTokens: 'separated' | 'obeyed';
  readonly confirmsCancel: boolean;
}

/** What is declared to the host. Exact only on a server with one slot: a batch changes the last decimals of logits. */
export function descriptionOf(facts: ServerFacts, use: Use): EngineDescription {
  return {
    engineVersion: facts.version,
    ...(facts.modelDigest === undefined ? {} : { modelDigest: facts.modelDigest }),
    ...(facts.quant === undefined ? {} : { quant: facts.quant }),
    slots: use.slots,
    contextTokens: use.contextTokens,
    workloads: use.workloads,
    determinism: facts.slots === 1 && !use.cachesPrompt ? 'exact' : 'best_effort',
    seedBits: 31,
    features: {
      params: PARAMS,
      chat: use.canChat,
      jsonSchema: true,
      promptAbort: true,
      controlTokens: use.controlTokens,
      kvReuse: use.cachesPrompt ? 'slot' : 'none',
      cancel: 'disconnect',
      cancelConfirmed: use.confirmsCancel,
      usage: 'end',
      sleep: true,
    },
  };
}
