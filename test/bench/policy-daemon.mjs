// The daemon of policy.bench.mjs: a mock pool whose slots stream at reading pace, and the default chain of three policies in
// TypeScript. It is told by its parent how long to make calls; each call goes the way of a tool call, through the sandbox pool.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp } from '../../dist/app.js';
import { parseConfig } from '../../dist/config/index.js';
import { Logger } from '../../dist/observability/logger.js';
import { Policies } from '../../dist/policy-host/policies.js';
import { redactorOf } from '../../dist/secrets.js';

const [streams, tokensPerSecond] = process.argv.slice(2).map(Number);
/** Six minutes at reading pace. */
const TOKENS = 8_000;

const EVENT = {
  abi: '1.0',
  kind: 'http.request',
  decisionId: '01JD0000000000000000000000',
  correlationId: 'c-1',
  traceparent: null,
  now: 1_763_660_000_000,
  mode: 'enforce',
  tool: { name: 'http.fetch', version: '1.2.0' },
  agent: { id: null },
  session: { id: 's-1', tenant: 'acme', labels: {} },
  task: { id: 't-1', attempt: 1, labels: {} },
  request: {
    method: 'GET',
    url: { scheme: 'https', host: 'api.example.com', port: 443, path: '/v1/x', query: [['q', '1']], ipLiteral: false, hadUserinfo: false }, // prettier-ignore
    addresses: [{ ip: '203.0.113.7', family: 4, class: 'public' }],
    hop: 0,
    redirectedFrom: null,
    headers: [['accept', 'application/json']],
    body: null,
    findings: [],
  },
  usage: { callsInTask: 3, bytesOut: 1200 },
  config: {},
};
const CALL = { hook: 'on_request', event: EVENT, bodies: new Map(), counters: {} };

class NoLog extends Logger {
  log() {}

  async flush() {
    return true;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-bench-'));
const config = parseConfig({
  server: { bind: '127.0.0.1:0' },
  storage: { data_dir: join(folder, 'data') },
  limits: { max_tokens: TOKENS },
  pools: [
    {
      ...{ id: 'mock', engine: 'mock', model: 'mock-model', allow_mock: true, slots: streams },
      options: { tokens: TOKENS, token_ms: 1_000 / tokensPerSecond },
    },
  ],
  policies: [
    { builtin: 'allow-hosts', settings: { hosts: ['*.example.com', 'example.org'] } },
    { builtin: 'method-guard', settings: { methods: ['GET', 'HEAD'] } },
    { builtin: 'size-limit' },
  ],
});
const redactor = redactorOf(config, {});
const app = await startApp({ config, baseFolder: folder, logger: new NoLog(), redactor, version: '0.0.0' });
const policies = Reflect.get(app, 'nest').get(Policies);

const ACTIONS = { calls, unpaced, chain, end };
process.on('message', async ({ action, ...facts }) => process.send({ answer: await ACTIONS[action](facts) }));
process.on('disconnect', end);
process.send({ answer: { url: app.url } });

/** Microseconds of calls that come at this rate, whether or not those before were answered. */
async function calls({ ms, perSecond }) {
  const taken = [];
  const running = [];
  const begun = performance.now();
  for (let due = begun; due < begun + ms; due += 1_000 / perSecond) {
    const early = due - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    running.push(timed(taken));
  }
  await Promise.all(running);
  return taken;
}

async function timed(taken) {
  const from = performance.now();
  const outcome = await policies.decide(CALL);
  taken.push((performance.now() - from) * 1_000);
  if (outcome.decision !== 'allow') throw new Error(`${outcome.code}: ${outcome.reason}`);
}

/** Microseconds of calls by so many callers, each of whom asks again as soon as it is answered. */
async function unpaced({ ms, callers }) {
  const taken = [];
  const end = performance.now() + ms;
  const caller = async () => {
    while (performance.now() < end) await timed(taken);
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return taken;
}

/** What each policy of the chain takes. */
async function chain() {
  const { outcomes } = await policies.decide(CALL);
  return outcomes.map(({ policy, fuel, latencyUs }) => ({ policy, fuel, latencyUs }));
}

async function end() {
  await app.endNow();
  rmSync(folder, { recursive: true, force: true });
  setImmediate(() => process.exit(0));
}
