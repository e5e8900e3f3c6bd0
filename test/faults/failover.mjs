// Run by hand, after a build: node test/faults/failover.mjs [streams] [replicas]
// The engine under each stream is killed at a random token; every reader has to get the bytes of the undisturbed run.
// Then an answer that a JSON schema binds is killed at each of its tokens; every document has to be valid.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startApp } from '../../dist/app.js';
import { parseConfig } from '../../dist/config/index.js';
import { Logger } from '../../dist/observability/logger.js';
import { Pools } from '../../dist/pools/pools.js';
import { redactorOf } from '../../dist/secrets.js';

const [streams = 200, replicas = 2] = process.argv.slice(2).map(Number);
const POOL = 'haiku';

class NoLog extends Logger {
  log() {}

  async flush() {
    return true;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-faults-'));
const pool = {
  ...{ id: POOL, engine: 'embedded', model: 'haiku-nano', replicas, ctx: 512 },
  ...{ backoff: { initial_ms: 10, max_ms: 10, jitter: 0 }, breaker: { failures: 1000 } },
};
const config = parseConfig({ server: { bind: '127.0.0.1:0' }, storage: { data_dir: folder }, pools: [pool] });
const redactor = redactorOf(config, process.env);
const app = await startApp({ config, baseFolder: process.cwd(), logger: new NoLog(), redactor, version: '0.0.0' });
const pools = Reflect.get(app, 'nest').get(Pools);

// A small generator of its own, so that each run kills at the same tokens.
let state = 12345;
const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;

const BASE = { workload: 'completion', model_ref: 'haiku-nano', priority: 'interactive', max_tokens: 400 };
/** A question that makes this model talk until it is stopped, when it is hot enough. */
const PROMPT = 'a frog';

const storyOf = (seed) => ({ ...BASE, prompt: PROMPT, seed, params: { temperature: 2, top_k: 0, top_p: 1 } });

const SCHEMA = {
  type: 'object',
  properties: {
    frog: { type: 'boolean' },
    jump: { enum: ['high', 'low'] },
    pond: {
      type: 'object',
      properties: { deep: { type: 'integer' } },
      required: ['deep'],
      additionalProperties: false,
    },
  },
  required: ['frog', 'jump', 'pond'],
  additionalProperties: false,
};
const response_format = { type: 'json_schema', json_schema: { name: 'frog', schema: SCHEMA } };
const bound = { ...BASE, prompt: PROMPT, seed: 3, params: { response_format } };

const isValid = (text) => {
  const { frog, jump, pond, ...rest } = JSON.parse(text);
  const known = typeof frog === 'boolean' && ['high', 'low'].includes(jump) && Number.isInteger(pond.deep);
  return known && Object.keys(pond).length === 1 && Object.keys(rest).length === 0;
};

const allReady = () => pools.get(POOL).replicas.every(({ ready }) => ready);

async function until(holds) {
  while (!holds()) await delay(5);
}

/** Reads a task to its end; at its `killAt`th token the engine that serves it is killed. */
async function read(task, killAt = Infinity) {
  const submitted = await fetch(`${app.url}/v1/tasks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(task),
  });
  const { task_id } = await submitted.json();
  const stream = await fetch(`${app.url}/v1/tasks/${task_id}/stream`);
  const seen = { text: '', tokens: 0, failedOver: false, ids: [], indexes: [], terminal: undefined, killed: false };
  let rest = '';
  let longestGapMs = 0;
  let lastAt = performance.now();
  for await (const part of stream.body.pipeThrough(new TextDecoderStream())) {
    const frames = (rest + part).split('\n\n');
    rest = frames.pop();
    longestGapMs = Math.max(longestGapMs, performance.now() - lastAt);
    lastAt = performance.now();
    for (const frame of frames) take(frame, seen, killAt);
  }
  return { ...seen, longestGapMs };
}

function take(frame, seen, killAt) {
  const [, id, event, json] = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/.exec(frame) ?? [];
  if (id === undefined) return;
  const data = JSON.parse(json);
  seen.ids.push(Number(id));
  if (event === 'started') seen.replica = data.replica_id;
  if (event === 'metrics' && data.failover) seen.failedOver = true;
  if (event === 'end' || event === 'error') seen.terminal = event === 'end' ? 'end' : data.code;
  if (event !== 'token') return;
  seen.text += data.t;
  seen.indexes.push(data.i);
  if (++seen.tokens !== killAt) return;
  const replica = pools.get(POOL).replicas.find((one) => one.id === seen.replica);
  seen.killed = replica.connection?.runnerPid !== undefined;
  if (seen.killed) process.kill(replica.connection.runnerPid, 'SIGKILL');
}

const isWhole = ({ ids, indexes }) => ids.every((id, at) => id === at + 1) && indexes.every((i, at) => i === at);

function report(name, results, isGood) {
  const good = results.filter((one) => one.terminal === 'end' && isWhole(one) && isGood(one)).length;
  const over = results.filter(({ failedOver }) => failedOver);
  const gaps = over.map(({ longestGapMs }) => longestGapMs).sort((a, b) => a - b);
  const [p50, p99] = [0.5, 0.99].map((q) =>
    Math.round(gaps[Math.min(gaps.length - 1, Math.floor(q * gaps.length))] ?? 0),
  );
  console.log(`${name}: ${good} of ${results.length} good, ${over.length} went on on another engine;`);
  console.log(`  longest silence of those: p50 ${p50} ms, p99 ${p99} ms`);
  const bad = results.filter((one) => !(one.terminal === 'end' && isWhole(one) && isGood(one)));
  for (const { terminal, tokens } of bad.slice(0, 5)) console.log(`  bad: ${terminal} after ${tokens} tokens`);
  return bad.length === 0;
}

await until(allReady);
const killed = [];
for (let seed = 0; seed < streams; seed++) {
  await until(allReady);
  const { text, tokens } = await read(storyOf(seed));
  // An engine runs ahead of its readers; behind three quarters it may be through before it is hit.
  const killAt = 1 + Math.floor(random() * 0.75 * tokens);
  killed.push({ ...(await read(storyOf(seed), killAt)), expected: text });
}
const same = report('random token', killed, ({ text, expected }) => text === expected);

await until(allReady);
const whole = await read(bound);
const documents = [];
for (let token = 1; token <= whole.tokens; token++) {
  await until(allReady);
  documents.push(await read(bound, token));
}
const valid = report('JSON schema, each token', documents, ({ text }) => isValid(text) && text === whole.text);
await app.endNow();
rmSync(folder, { recursive: true, force: true });
process.exitCode = same && valid ? 0 : 1;
