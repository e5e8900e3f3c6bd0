import { type EnginePrompt, type GenerateRequest, type SamplingParam } from '../../../contracts/engine.js';
import { demand } from '../../demand.js';
import { type Check, skip } from '../../kit.js';
import { type EngineBench } from '../engine-bench.js';
import { demandEngineError } from '../transcript.js';
import { answerFrames, streamOf } from './answers.js';
import { type WireRequest } from './engine-wire.js';
import { onWire, type WireBench } from './wire-bench.js';

/** Odd values and none that is 0, so that they are found wherever an engine wants them. */
const SEED = 90_210;
const MAX_TOKENS = 37;
const SAMPLING = {
  temperature: 0.73,
  topP: 0.91,
  topK: 41,
  minP: 0.03,
  presencePenalty: 0.17,
  frequencyPenalty: 0.19,
  repeatPenalty: 1.13,
  stop: ['kit-stop-1', 'kit-stop-2'],
} as const;
const VALUES: Readonly<Record<Exclude<SamplingParam, 'stop'>, number>> = {
  temperature: SAMPLING.temperature,
  top_p: SAMPLING.topP,
  top_k: SAMPLING.topK,
  min_p: SAMPLING.minP,
  presence_penalty: SAMPLING.presencePenalty,
  frequency_penalty: SAMPLING.frequencyPenalty,
  repeat_penalty: SAMPLING.repeatPenalty,
};
const JUNK = 'kit-junk-7f3a';

/** What the adapter sends. */
export const wireRequestChecks: readonly Check<EngineBench>[] = [
  onWire('EA-24c always sends the limit of tokens (ORCH-4504)', async (bench) => {
    const { body } = await sent(bench, bench.request({ maxTokens: MAX_TOKENS }));
    demandValue(body, MAX_TOKENS, 'the limit of tokens; engines have defaults of their own');
    const one = await sent(bench, bench.request({ maxTokens: 1 }));
    demandValue(one.body, 1, 'a limit of one token');
  }),
  onWire('EA-25b sends the stop strings', async (bench) => {
    const { body, params } = await sent(bench, bench.request({ sampling: SAMPLING }));
    if (!params.includes('stop')) return skip('the engine declares no stop strings');
    for (const stop of SAMPLING.stop) demandValue(body, stop, `the stop string "${stop}"`);
  }),
  onWire('EA-26b sends every sampling value that it declares, so that no default decides', async (bench) => {
    const { body, params } = await sent(bench, bench.request({ sampling: SAMPLING }));
    for (const param of params) if (param !== 'stop') demandValue(body, VALUES[param], `${param} (${VALUES[param]})`);
  }),
  onWire('EA-27c always sends the seed', async (bench) => {
    for (const seed of [SEED, 0]) {
      const { body, seedBits } = await sent(bench, bench.request({ seed, sampling: SAMPLING }));
      demandValue(body, seed % 2 ** seedBits, `the seed ${seed}; without it the engine draws its own`);
    }
  }),
  onWire('EA-30b sends nothing for a schema that it cannot keep', async (bench) => {
    const connection = await bench.connectReady();
    if (bench.description.features.jsonSchema) return skip('the engine declares jsonSchema');
    bench.server.script = () => streamOf(bench.wire, answerFrames(bench.wire));
    const { error } = await bench.run(connection, bench.request({ jsonSchema: { type: 'object' } }));
    demandEngineError(error, 'for a JSON schema that the engine does not offer');
    demand(bench.server.exchanges.length === 0, 'A task that is refused must not reach the engine.');
  }),
  onWire('EA-32 sends nothing that the contract does not name (ORCH-4504)', async (bench) => {
    const request = {
      ...bench.request(),
      prompt: withJunk(bench.prompt),
      ...junk(),
      sampling: withSamplingJunk(bench),
    };
    const { request: call } = await sent(bench, request);
    demand(call.body !== undefined, 'The body of the request is no JSON.');
    demandNoJunk(JSON.stringify(call.body), 'A member that the contract does not name');
  }),
  onWire('EA-39 sends no header of a caller (ORCH-4504)', async (bench) => {
    const request = { ...bench.request(), ...junk(), headers: { 'x-kit': JUNK, priority: JUNK } };
    await sent(bench, request);
    for (const { headers } of bench.server.requests) demandNoJunk(JSON.stringify(headers), 'A header of a caller');
  }),
  onWire('EA-50 asks for one answer', async (bench) => {
    const { body } = await sent(bench, bench.request());
    const { n, best_of: bestOf } = body as { n?: unknown; best_of?: unknown };
    const isOne = [n, bestOf].every((count) => count === undefined || count === 1);
    demand(isOne, 'More than one answer is asked for.', { actual: { n, bestOf }, expected: { n: 1 } });
  }),
];

interface Sent {
  readonly request: WireRequest;
  readonly body: unknown;
  readonly params: readonly SamplingParam[];
  readonly seedBits: number;
}

async function sent(bench: WireBench, request: GenerateRequest): Promise<Sent> {
  const connection = await bench.connectReady();
  bench.server.script = () => streamOf(bench.wire, answerFrames(bench.wire));
  const { error } = await bench.run(connection, request);
  demand(error === undefined, `A plain request failed: ${String(error)}.`);
  const { request: call } = await bench.arrived(1);
  const { features, seedBits } = bench.description;
  return { request: call, body: call.body, params: features.params, seedBits };
}

/** Passes when the value stands anywhere in the body: each engine has names of its own. */
function demandValue(body: unknown, value: unknown, what: string): void {
  demand(holds(body, value), `The request does not hold ${what}.`, { actual: body, expected: value });
}

function holds(body: unknown, value: unknown): boolean {
  if (body === value) return true;
  if (typeof body === 'number' && typeof value === 'number') return Math.abs(body - value) < 1e-6;
  if (typeof body === 'string' && body.startsWith('{')) return holds(inside(body), value);
  if (typeof body !== 'object' || body === null) return false;
  return Object.values(body).some((member) => holds(member, value));
}

/** Some engines take their values as JSON in a text. */
function inside(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function demandNoJunk(text: string, what: string): void {
  demand(!/kit-?junk/i.test(text), `${what} reached the engine; build the request from an allow-list.`, {
    actual: text,
    expected: `nothing with ${JUNK}`,
  });
}

function junk(): object {
  return { kitJunk: JUNK, priority: JUNK, n: 3, 'X-Conversation-Id': JUNK, logit_bias: { [JUNK]: 1 } };
}

function withSamplingJunk(bench: WireBench): GenerateRequest['sampling'] {
  return Object.assign({ ...bench.request().sampling }, { kitJunk: JUNK });
}

function withJunk(prompt: EnginePrompt): EnginePrompt {
  if (prompt.type === 'text') return Object.assign({ ...prompt }, { kitJunk: JUNK });
  const messages = prompt.messages.map((message) => Object.assign({ ...message }, { kitJunk: JUNK, name: JUNK }));
  return { type: 'chat', messages };
}
