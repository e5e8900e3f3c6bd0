import { z } from 'zod';
import { EngineError } from '../../contracts/engine-error.js';

/** One entry of `GET /models`. */
export interface OpenAiModel {
  readonly id: string;
  /** Which software serves it; each writes its own name here. */
  readonly ownedBy: string | undefined;
  /** Where the weights come from: a name on a hub, or a path of the host, which is not to be shown. */
  readonly root: string | undefined;
  readonly contextTokens: number | undefined;
}

const count = z.int().min(1).optional().catch(undefined);
const word = z.string().optional().catch(undefined);

/** The context of one request has as many names as there are servers. */
const modelSchema = z.object({
  id: z.string(),
  owned_by: word,
  root: word,
  max_model_len: count,
  context_length: count,
  context_window: count,
  max_context_length: count,
  meta: z.object({ n_ctx: count }).optional().catch(undefined),
});
const listSchema = z.object({ data: z.array(modelSchema) });

const SHOWN_NAMES = 5;
const SHOWN_CHARS = 80;

/** Undefined when the reply is no list of models. */
export function readModels(reply: unknown): readonly OpenAiModel[] | undefined {
  return listSchema.safeParse(reply).data?.data.map((model) => ({
    id: model.id,
    ownedBy: model.owned_by,
    root: model.root,
    contextTokens:
      model.max_model_len ??
      model.context_length ??
      model.context_window ??
      model.max_context_length ??
      model.meta?.n_ctx,
  }));
}

/**
 * The model of the pool among those that are served.
 * @throws EngineError `model_missing`, with the names that there are
 */
export function servedModel(models: readonly OpenAiModel[], wanted: string): OpenAiModel {
  const found = models.find(({ id }) => id === wanted) ?? models.find(({ id }) => id === `${wanted}:latest`);
  if (found !== undefined) return found;
  const names = models.slice(0, SHOWN_NAMES).map(({ id }) => id.slice(0, SHOWN_CHARS));
  const more = models.length > SHOWN_NAMES ? ` and ${models.length - SHOWN_NAMES} more` : '';
  const served = names.length === 0 ? 'it serves none' : `it serves ${names.join(', ')}${more}`;
  const message = `The engine does not serve the model ${wanted.slice(0, SHOWN_CHARS)}; ${served}.`;
  throw new EngineError('unavailable', message, { reason: 'model_missing' });
}
