import { setTimeout as pause } from 'node:timers/promises';
import { EngineError, defineEngineAdapter, z } from '@llama-orch/plugin-sdk';

const GIB = 1024 ** 3;

/** What is in use of each card of each machine, by id. */
const machines = new Map();

const options = z.strictObject({
  /** Engines of one machine share its cards. */
  machine: z.string(),
  /** GiB of each card, by what CUDA_VISIBLE_DEVICES would name it. */
  cards: z.record(z.string(), z.number()),
  /** Milliseconds of a token on each card. */
  token_ms: z.record(z.string(), z.number()),
  /** GiB that a replica really takes. */
  takes_gib: z.number(),
});

/** An engine that needs memory of graphics cards as real ones do, and makes up its tokens. */
export default defineEngineAdapter({
  id: 'cards',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options,
  create: (facts) => ({ connect: (endpoint) => connect(facts, endpoint) }),
});

async function connect({ machine, cards, token_ms, takes_gib }, endpoint) {
  const { devices, tensorSplit, slots } = endpoint;
  if (devices === undefined) throw new EngineError('adapter', 'it was not told which cards to use');
  const used = machines.get(machine) ?? new Map();
  machines.set(machine, used);
  // Loading takes a while; others may load meanwhile.
  await pause(20);
  const shares = devices.map((id, place) => [id, takes_gib * GIB * (tensorSplit?.[place] ?? 1)]);
  for (const [id, bytes] of shares) {
    if ((used.get(id) ?? 0) + bytes > cards[id] * GIB)
      throw new EngineError('out-of-memory', `cudaMalloc failed on ${id}`, { memory: 'vram' });
  }
  for (const [id, bytes] of shares) used.set(id, (used.get(id) ?? 0) + bytes);
  return connection(slots, token_ms[devices[0]], () => {
    for (const [id, bytes] of shares.splice(0)) used.set(id, used.get(id) - bytes);
  });
}

function connection(slots, tokenMs, free) {
  return {
    describe: async () => ({
      ...{
        engineVersion: 'cards-1',
        slots,
        contextTokens: 4096,
        workloads: ['completion'],
        determinism: 'best_effort',
      },
      ...{ seedBits: 32, features: { params: ['temperature', 'top_p', 'top_k'], chat: true } },
    }),
    health: async () => ({ state: 'ready' }),
    async *generate({ maxTokens }, signal) {
      for (let left = maxTokens; left > 0 && !signal.aborted; left--) {
        await pause(tokenMs);
        if (!signal.aborted) yield [{ type: 'token', text: 'x' }];
      }
      const usage = { promptTokens: 1, completionTokens: maxTokens, exact: true };
      if (!signal.aborted) yield [{ type: 'end', finish: 'length', engineFinish: 'length', usage }];
    },
    close: async () => free(),
  };
}
