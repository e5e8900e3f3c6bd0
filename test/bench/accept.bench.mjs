// Run by hand, after a build: node test/bench/accept.bench.mjs [seconds] [callers]
// POST /v1/tasks as callers see it: every 202 is on the disk. Goal: 2,000 a second on two cores.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const [seconds = 10, callers = 64] = process.argv.slice(2).map(Number);
const COMMAND = fileURLToPath(new URL('../../bin/llama-orch.mjs', import.meta.url));
const PORT = 18_473;
const TASK = {
  workload: 'completion',
  model_ref: 'tiny',
  priority: 'interactive',
  max_tokens: 1,
  prompt: 'x'.repeat(1_000),
};

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-accept-'));
const config = join(folder, 'llama-orch.yaml');
const pool = { id: 'p', engine: 'mock', model: 'tiny', slots: 64, queue: { capacity: 10_000 }, allow_mock: true };
writeFileSync(
  config,
  JSON.stringify({
    server: { bind: `127.0.0.1:${PORT}` },
    storage: { data_dir: join(folder, 'data') },
    artifacts: { transcripts: false },
    log: { level: 'warn' },
    pools: [pool],
  }),
);
const daemon = spawn(process.execPath, [COMMAND, 'serve', '--config', config], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
const agent = new Agent({ keepAlive: true, maxSockets: callers });

try {
  while (!(await isReady())) await delay(50);
  await drive(1);
  const { took, count, refused } = await drive(seconds);
  const at = (share) => took[Math.min(took.length - 1, Math.floor(took.length * share))].toFixed(1);
  console.log(`${callers} callers, ${seconds} s: ${Math.round(count / seconds)} accepted a second, ${refused} refused`);
  console.log(`202 after p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms`);
} finally {
  daemon.kill('SIGKILL');
  agent.destroy();
  rmSync(folder, { recursive: true, force: true });
}

async function isReady() {
  const { status, body } = await call('GET', '/v1/pools').catch(() => ({ status: 0, body: '' }));
  return status === 200 && JSON.parse(body).items?.every?.((one) => one.ready) === true;
}

/** As many callers as asked for, each with its next call as soon as it is answered. */
async function drive(forSeconds) {
  const end = performance.now() + forSeconds * 1_000;
  const took = [];
  let refused = 0;
  const caller = async () => {
    while (performance.now() < end) {
      const begun = performance.now();
      const { status } = await call('POST', '/v1/tasks', TASK);
      if (status === 202) took.push(performance.now() - begun);
      else refused++;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { took: took.sort((a, b) => a - b), count: took.length, refused };
}

function call(method, path, json) {
  const text = json === undefined ? '' : JSON.stringify(json);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: PORT, method, path, headers, agent }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part) => (body += part));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    });
    sent.on('error', reject);
    sent.end(text);
  });
}
