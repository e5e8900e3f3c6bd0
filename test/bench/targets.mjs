// What is measured: the fake engine itself, a bare relay before it, and llama-orch before it. All three answer `open(tokens)`.
import { Agent, request } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess } from './processes.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

/** A fake llama-server: `tps` tokens per second and stream, 0 = as fast as it can. */
export function startEngine({ tps, slots }) {
  return startProcess(here('../support/fake-llama-server/main.mjs'), [
    `--tps=${tps}`,
    `--slots=${slots}`,
    '--model=bench',
  ]);
}

export function direct(engine) {
  return { name: 'direct', pid: engine.pid, open: (tokens) => completion(engine.url, tokens), stop: async () => {} };
}

export async function bareRelay(engine) {
  const relay = await startProcess(here('bare-relay.mjs'), [engine.url]);
  return { name: 'bare relay', pid: relay.pid, open: (tokens) => completion(relay.url, tokens), stop: relay.stop };
}

export async function llamaOrch(engine, { slots }) {
  const folder = mkdtempSync(join(tmpdir(), 'llama-orch-bench-'));
  const config = join(folder, 'config.yaml');
  writeFileSync(config, configText(engine.url, slots));
  const daemon = await startProcess(here('../../bin/llama-orch.mjs'), ['serve', '--config', config]);
  await poolReady(daemon.url);
  const stop = async () => {
    await daemon.stop();
    rmSync(folder, { recursive: true });
  };
  return { name: 'llama-orch', pid: daemon.pid, url: daemon.url, open: (tokens) => task(daemon.url, tokens), stop };
}

function configText(engineUrl, slots) {
  return `server: { bind: '127.0.0.1:0', shutdown_ms: 500 }
limits: { max_tokens: 5000000 }
log: { level: info }
storage: { data_dir: ./data }
pools:
  - id: bench
    engine: llamacpp
    model: bench
    endpoint: ${engineUrl}
    slots: ${slots}
    queue: { capacity: 2000 }
`;
}

async function poolReady(url) {
  for (let tries = 0; tries < 200; tries++) {
    const { items } = await (await fetch(`${url}/v1/pools`)).json();
    if (items[0].ready) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the pool did not become ready');
}

function completion(url, tokens) {
  const body = { prompt: 'count', n_predict: tokens, stream: true, temperature: 0, seed: 1 };
  return send(url, 'POST', '/completion', body);
}

async function task(url, tokens) {
  const body = {
    workload: 'completion',
    model_ref: 'bench',
    priority: 'interactive',
    prompt: 'count',
    max_tokens: tokens,
    on_disconnect: 'cancel',
  };
  const answer = await send(url, 'POST', '/v1/tasks', body);
  const chunks = [];
  for await (const chunk of answer) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  if (answer.statusCode !== 202) throw new Error(`not admitted: ${text}`);
  return send(url, 'GET', JSON.parse(text).stream);
}

/** Resolves with the response as soon as its head is there. */
function send(url, method, path, body) {
  const { hostname, port } = new URL(url);
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers =
    text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    request({ agent, host: hostname, port, method, path, headers }, resolve).on('error', reject).end(text);
  });
}
