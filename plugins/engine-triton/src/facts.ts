import { EngineError, type EngineDescription, z } from '@llama-orch/plugin-sdk';
import { type Fields, type FieldsOption, fieldsFor, paramsOf } from './fields.js';

/** What the server tells about itself and its model. */
export interface ServerFacts {
  readonly version: string;
  readonly modelDigest: string;
  readonly fields: Fields;
  /** Copies of the model that decode beside each other; undefined when the server does not show its configuration. */
  readonly instances: number | undefined;
  readonly isBatched: boolean;
}

const DEFAULT_CONTEXT = 8_192;
const SEED_BITS = 31;

const serverSchema = z.object({ version: z.string(), extensions: z.array(z.string()) });
const namesSchema = z.array(z.object({ name: z.string() }));
const modelSchema = z.object({
  name: z.string(),
  versions: z.array(z.string()).default([]),
  platform: z.string().default(''),
  inputs: namesSchema,
  outputs: namesSchema,
});
const configSchema = z.object({
  backend: z.string().default(''),
  instance_group: z.array(z.object({ count: z.int().default(1) })).optional(),
  dynamic_batching: z.unknown().optional(),
  model_transaction_policy: z.object({ decoupled: z.boolean().default(false) }).optional(),
  parameters: z.record(z.string(), z.object({ string_value: z.string() }).partial()).default({}),
});

/** Parsed replies of `/v2`, `/v2/models/{m}` and, where it is shown, `/v2/models/{m}/config`. */
export interface Replies {
  readonly server: unknown;
  readonly model: unknown;
  readonly config: unknown;
}

/** What the operator says about them. */
export interface Wanted {
  readonly fields: FieldsOption;
  readonly backendVersion: string | undefined;
}

/**
 * @throws EngineError when what answers is no Triton, or its model cannot stream or takes other fields
 */
export function readFacts({ server, model, config }: Replies, wanted: Wanted): ServerFacts {
  const told = serverSchema.safeParse(server).data;
  const metadata = modelSchema.safeParse(model).data;
  if (told === undefined || metadata === undefined) throw otherEngine();
  const settings = configSchema.safeParse(config).data;
  refuseWithoutStream(metadata, settings);
  const { name, versions, platform } = metadata;
  const backend = settings?.backend || platform;
  const backendVersion = wanted.backendVersion ?? settings?.parameters.trtllm_version?.string_value;
  const names = { inputs: metadata.inputs.map(nameOf), outputs: metadata.outputs.map(nameOf) };
  return {
    version: [told.version, backendVersion === undefined ? backend : `${backend}/${backendVersion}`].join(' ').trim(),
    modelDigest: ['triton', name, versions.join('+'), backend].filter((part) => part !== '').join(':'),
    fields: fieldsFor(wanted.fields, names, name),
    instances: settings?.instance_group?.reduce((sum, { count }) => sum + count, 0),
    isBatched: settings?.dynamic_batching != null,
  };
}

/** What answers is something else. */
export function otherEngine(): EngineError {
  const message =
    'What answers at the url of the pool is no Triton server: /v2 is not as expected. Check the url, or use the adapter of that engine.';
  return new EngineError('unavailable', message, { reason: 'wrong_engine' });
}

/** An ensemble streams when one of its steps does, which its own configuration need not say. */
function refuseWithoutStream(
  { name, platform }: z.output<typeof modelSchema>,
  settings: z.output<typeof configSchema> | undefined,
): void {
  if (settings === undefined || platform === 'ensemble' || settings.model_transaction_policy?.decoupled === true)
    return;
  const message = `The model ${name} of the Triton server gives its answer in one piece; set model_transaction_policy { decoupled: true } in its configuration.`;
  throw new EngineError('unavailable', message, { reason: 'not_supported' });
}

/**
 * Equal bytes need one decode at a time, which is the operator's word.
 * @throws EngineError `not_supported` when the server's own configuration says otherwise
 */
export function refuseInexact({ instances = 1, isBatched }: ServerFacts): void {
  const against = [
    ...(instances > 1 ? [`it has ${instances} instances`] : []),
    ...(isBatched ? ['it batches requests'] : []),
  ];
  if (against.length === 0) return;
  const message = `The option determinism says exact, but the model of the Triton server cannot keep it: ${against.join(' and ')}.`;
  throw new EngineError('unavailable', message, { reason: 'not_supported' });
}

/** What the pool makes of the server. */
export interface Use {
  readonly slots: number;
  readonly contextTokens: number | undefined;
  readonly isExact: boolean;
  readonly confirmsCancel: boolean;
}

/** What is declared to the host. The server tells no context and no slots, and renders no conversations. */
export function descriptionOf({ version, modelDigest, fields }: ServerFacts, use: Use): EngineDescription {
  const { prompt_tokens, completion_tokens } = fields.outputs;
  return {
    engineVersion: version,
    modelDigest,
    slots: use.slots,
    contextTokens: use.contextTokens ?? DEFAULT_CONTEXT,
    workloads: ['completion'],
    determinism: use.isExact ? 'exact' : 'best_effort',
    seedBits: SEED_BITS,
    features: {
      params: paramsOf(fields),
      chat: false,
      controlTokens: 'obeyed',
      cancel: 'disconnect',
      cancelConfirmed: use.confirmsCancel,
      usage: prompt_tokens !== undefined && completion_tokens !== undefined ? 'stream' : 'none',
    },
  };
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}
