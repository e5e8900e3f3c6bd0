import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Replays } from '../admission/replays.js';
import { idempotencyKeyOf } from './controllers/tasks.controller.js';

/** Runs the effect of a POST once per idempotency key. @param route names method and path, with their ids */
export async function oncePerKey<Answer>(
  replays: Replays,
  request: FastifyRequest,
  reply: FastifyReply,
  { route, body }: { readonly route: string; readonly body: unknown },
  effect: () => Promise<Answer>,
): Promise<Answer> {
  const key = idempotencyKeyOf(request);
  if (key === undefined) return effect();
  const { tenantId, keyId } = request.facts.caller;
  const { answer, replayed } = await replays.once(`key/${tenantId}/${keyId ?? ''}/POST ${route}/${key}`, body, effect);
  if (replayed) void reply.header('Idempotency-Replayed', 'true');
  return answer;
}
