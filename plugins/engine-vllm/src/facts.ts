import { EngineError, type EngineDescription, type Workload, z } from '@llama-orch/plugin-sdk';
import { servedModel, type OpenAiModel } from '@llama-orch/plugin-sdk/http';

/** What the server tells about itself and the model of the pool. */
export interface ServerFacts {
  readonly version: string;
  readonly modelDigest: string;
  /** Context of one request; undefined when the server does not tell. */
  readonly contextTokens: number | undefined;
}

/** What the pool makes of the server. */
export interface Use {
  readonly slots: number;
  readonly contextTokens: number;
  readonly workloads: readonly Workload[];
  readonly isBatchInvariant: boolean;
  /** The server tells how many requests it works on. */
  readonly confirmsCancel: boolean;
}

const versionSchema = z.object({ version: z.string().min(1).max(100) });

const PARAMS = [
  ...(['temperature', 'top_p', 'top_k', 'min_p'] as const),
  ...(['presence_penalty', 'frequency_penalty', 'repeat_penalty', 'stop'] as const),
];
const SEED_BITS = 53;
/** How other servers call themselves in `/v1/models`, and which adapter knows them. */
const OTHERS: ReadonlyMap<string, string> = new Map([
  ['llamacpp', 'llamacpp'],
  ['sglang', 'openai'],
  ['library', 'openai'],
  ['organization_owner', 'openai'],
  ['openai', 'openai'],
  ['system', 'openai'],
]);

/**
 * Reads the replies of `/version` and `/v1/models`.
 * @param version parsed reply of `/version`, undefined when there was none
 * @throws EngineError when the server is no vLLM, or does not serve the model
 */
export function readFacts(version: unknown, models: readonly OpenAiModel[], wanted: string): ServerFacts {
  const told = versionSchema.safeParse(version).data?.version;
  refuseOthers(told, models);
  const model = servedModel(models, wanted);
  return { version: told ?? 'unknown', modelDigest: identityOf(model), contextTokens: model.contextTokens };
}

function refuseOthers(version: string | undefined, models: readonly OpenAiModel[]): void {
  const other = models.map(({ ownedBy = '' }) => OTHERS.get(ownedBy)).find((adapter) => adapter !== undefined);
  const isVllm = models.some(({ ownedBy }) => ownedBy === 'vllm');
  if (other === undefined && (version !== undefined || isVllm)) return;
  const name = models[0]?.ownedBy?.slice(0, 40) ?? 'nothing that it tells';
  const hint = other === undefined ? '' : ` Use the engine ${other}, or correct the url.`;
  const message = `What answers at the url of the pool is no vLLM: its models are owned by ${name}.${hint}`;
  throw new EngineError('unavailable', message, { reason: 'wrong_engine' });
}

/** The server knows no hash of its weights: name, origin and context stand for them. The origin may be a path. */
function identityOf({ id, root, contextTokens }: OpenAiModel): string {
  const origin = root === undefined ? undefined : /^[\w.-]+\/[\w.-]+$/.test(root) ? root : root.split(/[/\\]/).at(-1);
  const name = id.startsWith('/') ? id.split('/').at(-1) : id;
  return ['vllm', name, origin, contextTokens].filter((part) => part !== undefined && part !== '').join(':');
}

/** What is declared to the host. Batches change the last decimals, so exact is only what the operator switched on. */
export function descriptionOf(facts: ServerFacts, use: Use): EngineDescription {
  return {
    engineVersion: facts.version,
    modelDigest: facts.modelDigest,
    slots: use.slots,
    contextTokens: use.contextTokens,
    workloads: use.workloads,
    determinism: use.isBatchInvariant ? 'exact' : 'best_effort',
    seedBits: SEED_BITS,
    features: {
      params: PARAMS,
      chat: true,
      jsonSchema: true,
      promptAbort: true,
      controlTokens: 'obeyed',
      kvReuse: 'prefix',
      cancel: 'disconnect',
      cancelConfirmed: use.confirmsCancel,
      usage: 'stream',
      sleep: true,
    },
  };
}
