// Run by hand, after a build:
//   node --expose-gc --min-semi-space-size=128 --max-semi-space-size=128 test/bench/adapter-parsers.bench.mjs
// What one token costs each adapter between the socket and its events, against reading the same bytes and no more. The
// engines are the fake ones, as fast as they can; the times are CPU times of this process. A further adapter is a further
// entry of KINDS.
import { fileURLToPath } from 'node:url';
import { GREEDY } from '@llama-orch/plugin-sdk';
import { OpenAiReader, SseSplitter, Upstream } from '@llama-orch/plugin-sdk/http';
import llamacpp from '@llama-orch/engine-llamacpp';
import openai from '@llama-orch/engine-openai';
import tgi from '@llama-orch/engine-tgi';
import triton from '@llama-orch/engine-triton';
import vllm from '@llama-orch/engine-vllm';
import { CompletionReader } from '../../plugins/engine-llamacpp/dist/completion-reader.js';
import { AnswerReader as TgiReader } from '../../plugins/engine-tgi/dist/answer-reader.js';
import { AnswerReader as TritonReader } from '../../plugins/engine-triton/dist/answer-reader.js';
import { startProcess } from './processes.mjs';

const FAKE = fileURLToPath(new URL('../support/fake-engines/main.mjs', import.meta.url));
const TOKENS = 20_000;
const ROUNDS = 7;
const MODEL = 'tiny';
const NEVER = new AbortController().signal;

const openAiBody = (usage) => ({
  ...{ model: MODEL, prompt: ' one', stream: true, max_tokens: TOKENS, temperature: 0 },
  stream_options: { include_usage: true, ...usage },
});
const openAiReader = () => new OpenAiReader({ promptTokensGuess: 1 });
const tritonReader = () =>
  new TritonReader({
    outputs: { text: 'text_output', prompt_tokens: 'num_input_tokens', completion_tokens: 'num_output_tokens' },
    ...{ stops: [], maxTokens: TOKENS, memory: { form: 'auto', isGiven: false }, promptTokensGuess: 1 },
  });
/** `body`: the request of the adapter, as far as the answer depends on it. */
const KINDS = [
  {
    ...{ name: 'llamacpp', plugin: llamacpp, path: '/completion', reader: () => new CompletionReader() },
    body: { prompt: ' one', n_predict: TOKENS, temperature: 0, stream: true },
  },
  {
    ...{ name: 'vllm', plugin: vllm, path: '/v1/completions', reader: openAiReader },
    body: openAiBody({ continuous_usage_stats: true }),
  },
  { name: 'openai', plugin: openai, path: '/v1/completions', reader: openAiReader, body: openAiBody({}) },
  {
    ...{ name: 'tgi', plugin: tgi, path: '/generate_stream' },
    reader: () => new TgiReader({ stops: [], promptTokensGuess: 1 }),
    body: { inputs: ' one', parameters: { max_new_tokens: TOKENS, details: true } },
  },
  {
    ...{ name: 'triton', plugin: triton, path: `/v2/models/${MODEL}/generate_stream`, reader: tritonReader },
    body: {
      ...{ text_input: ' one', max_tokens: TOKENS, top_k: 1, stream: true },
      ...{ return_num_input_tokens: true, return_num_output_tokens: true },
    },
  },
];

if (globalThis.gc === undefined) throw new Error('Run it with the flags of its first lines: the heap is measured.');
console.log(`${TOKENS} tokens a stream, best of ${ROUNDS}; ns are CPU time per token`);
for (const kind of KINDS) console.log(await measured(kind));

async function measured(kind) {
  const engine = await startProcess(FAKE, [kind.name, '--tps=0', `--model=${MODEL}`]);
  const upstream = new Upstream({ url: engine.url });
  const connection = await connect(kind.plugin, engine.url);
  try {
    const chunks = await rawRead(upstream, kind);
    const raw = await best(() => rawRead(upstream, kind));
    const adapter = await best(() => generated(connection));
    const parser = await best(() => parsed(kind, chunks));
    return line(kind.name, { chunks, raw, adapter, parser, bytes: allocated(kind, chunks) });
  } finally {
    await connection.close();
    await upstream.close();
    await engine.stop();
  }
}

function line(name, { chunks, raw, adapter, parser, bytes }) {
  const onWire = chunks.reduce((sum, chunk) => sum + chunk.length, 0) / TOKENS;
  const figures = [
    `${onWire.toFixed(0)} B on the wire`,
    `read alone ${raw} ns`,
    `adapter ${adapter} ns (${(adapter - raw).toFixed(0)} above it)`,
    `parser alone ${parser} ns`,
    `${bytes} B allocated`,
  ];
  return `${name.padEnd(9)} ${figures.join(' | ')}`;
}

async function connect(plugin, url) {
  const adapter = await plugin.create(plugin.options.parse({}), { log: () => {} });
  const model = { ref: MODEL, id: MODEL };
  const endpoint = { poolId: 'p', replicaId: 'r', url, model, slots: 4, loadTimeoutMs: 5_000 };
  const connection = await adapter.connect({ ...endpoint, contextTokens: 10 * TOKENS });
  await connection.describe(NEVER);
  return connection;
}

/** The lowest CPU time per token of several rounds, in nanoseconds. */
async function best(act) {
  let lowest = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    await act();
    const { user, system } = process.cpuUsage(before);
    lowest = Math.min(lowest, ((user + system) * 1_000) / TOKENS);
  }
  return Math.round(lowest);
}

/** Reads the stream and keeps its pieces, as the network made them. */
function rawRead(upstream, { path, body }) {
  const chunks = [];
  return new Promise((resolve, reject) => {
    upstream.postStream(
      path,
      JSON.stringify(body),
      { headTimeoutMs: 0, idleTimeoutMs: 0 },
      {
        onData: (chunk) => void chunks.push(chunk),
        onEnd: () => resolve(chunks),
        onReply: (reply) => reject(new Error(`${path} answered ${reply.status}: ${reply.text}`)),
        onFailure: reject,
      },
    );
  });
}

async function generated(connection) {
  const prompt = { type: 'text', text: ' one' };
  const request = { taskId: 't', prompt, sampling: GREEDY, seed: 1, maxTokens: TOKENS };
  let tokens = 0;
  for await (const batch of connection.generate(request, NEVER)) tokens += batch.length;
  if (tokens !== TOKENS + 1) throw new Error(`${tokens - 1} of ${TOKENS} tokens came out`);
}

function parsed({ reader }, chunks) {
  const events = reader();
  let count = 0;
  let batch = [];
  const splitter = new SseSplitter((payload, field) => events.read(payload, field, batch));
  for (const chunk of chunks) {
    batch = [];
    splitter.push(chunk);
    count += batch.length;
  }
  if (!events.ended) count += endOf(events);
  if (count !== TOKENS + 1) throw new Error(`${count - 1} of ${TOKENS} tokens were read`);
}

/** The end of the connection is all that some engines say. */
function endOf(events) {
  const batch = [];
  events.close?.(batch, false);
  return batch.length;
}

/** Heap that one token takes until it is collected; the young generation is large enough to hold them all. */
function allocated(kind, chunks) {
  let lowest = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    parsed(kind, chunks);
    lowest = Math.min(lowest, (process.memoryUsage().heapUsed - before) / TOKENS);
  }
  return Math.round(lowest);
}
