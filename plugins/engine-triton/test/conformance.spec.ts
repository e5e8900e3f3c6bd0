import { describeEngineAdapter, type EngineUnderTest } from '@llama-orch/plugin-sdk/conformance';
import { type ModelKind } from '../../../test/support/fake-engines/triton-models.js';
import { startFakeTriton } from '../../../test/support/fake-engines/triton.js';
import plugin from '../src/index.js';
import { tritonWire } from './support/wire.js';

/** What an operator may promise for a model with one instance and no batches. */
const EXACT: ReadonlySet<ModelKind> = new Set(['trtllm-ensemble', 'vllm']);

/** The public demands on every engine adapter, for each kind of model that Triton serves (ORCH-3057, ORCH-4507). */
describe.each<ModelKind>(['trtllm-ensemble', 'trtllm-old', 'trtllm-api', 'vllm'])('with a model of %s', (kind) => {
  const slots = EXACT.has(kind) ? 1 : 4;
  const wire = tritonWire(kind);
  describeEngineAdapter(plugin, {
    options: { metrics_url: '/metrics', determinism: EXACT.has(kind) ? 'exact' : 'best_effort' },
    prompts: {
      short: text('<|user|>hello<|end|><|assistant|>'),
      endless: text(' one two'),
      varied: text(' Once a'),
      emoji: text('llama'),
    },
    startEngine: () => startEngine(kind, slots),
    wire: { ...wire, endpoint: { ...wire.endpoint, slots } },
    report: {
      folder: new URL('../', import.meta.url),
      engine: `fake server, ${kind}, ${slots === 1 ? 'one slot' : 'four slots'}`,
    },
  });
});

async function startEngine(kind: ModelKind, slots: number): Promise<EngineUnderTest> {
  const fake = await startFakeTriton({ kind, slots, tps: 400, contextTokens: 1_024 });
  return {
    endpoint: {
      poolId: 'pool',
      replicaId: 'replica',
      url: fake.url,
      model: { ref: 'tiny', id: 'tiny' },
      slots,
      contextTokens: 1_024,
      loadTimeoutMs: 5_000,
    },
    busySlots: () => fake.stats.busySlots,
    queued: () => fake.stats.deferred,
    kill: () => fake.close(),
    stop: () => fake.close(),
  };
}

function text(content: string) {
  return { type: 'text', text: content } as const;
}
