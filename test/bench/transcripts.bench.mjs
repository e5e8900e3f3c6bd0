// Run by hand, after a build: node test/bench/transcripts.bench.mjs [seconds] [tokens of a task]
// What it costs to keep transcripts: CPU time of the daemon per token, with 64 streams at a time, with and without, in turns.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuSeconds } from './processes.mjs';

const SECONDS = Number(process.argv[2] ?? 6);
const TOKENS = Number(process.argv[3] ?? 500);
const STREAMS = 64;
const ROUNDS = 3;
const COMMAND = fileURLToPath(new URL('../../bin/llama-orch.mjs', import.meta.url));

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function daemon(transcripts, port) {
  const folder = mkdtempSync(join(tmpdir(), 'llama-orch-transcripts-bench-'));
  const config = join(folder, 'bench.yaml');
  writeFileSync(
    config,
    JSON.stringify({
      server: { bind: `127.0.0.1:${port}` },
      storage: { data_dir: folder },
      artifacts: { transcripts },
      log: { level: 'error' },
      pools: [{ id: 'mock', engine: 'mock', model: 'mock-model', allow_mock: true, slots: STREAMS }],
    }),
  );
  const child = spawn(process.execPath, [COMMAND, 'serve', '--config', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const agent = new Agent({ keepAlive: true });
  const send = (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      request({ port, host: '127.0.0.1', method, path, agent, headers }, resolve).once('error', reject).end(body);
    });
  const textOf = async (answer) => {
    let text = '';
    for await (const chunk of answer) text += chunk;
    return text;
  };
  while ((await send('GET', '/v1/pools').then(textOf, () => '')).includes('"ready":true') === false) await pause(50);
  return {
    pid: child.pid,
    send,
    textOf,
    async stop() {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('exit', resolve));
      agent.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function round(transcripts, port) {
  const target = await daemon(transcripts, port);
  const body = JSON.stringify({
    ...{ workload: 'completion', model_ref: 'mock-model', priority: 'interactive', max_tokens: TOKENS },
    prompt: `[[mock:tokens=${TOKENS}]][[mock:token_ms=1]] a long answer`,
  });
  let [tokens, tasks, isOver] = [0, 0, false];
  const caller = async () => {
    while (!isOver) {
      const { stream } = JSON.parse(await target.textOf(await target.send('POST', '/v1/tasks', body)));
      if (stream === undefined) throw new Error('a task was refused');
      for await (const chunk of await target.send('GET', stream)) tokens += String(chunk).split('"t":').length - 1;
      tasks++;
    }
  };
  const callers = Promise.all(Array.from({ length: STREAMS }, caller));
  await pause(1_500);
  const [tokens0, tasks0, cpu0] = [tokens, tasks, cpuSeconds(target.pid)];
  await pause(SECONDS * 1_000);
  const figures = { tokens: tokens - tokens0, tasks: tasks - tasks0, cpu: cpuSeconds(target.pid) - cpu0 };
  isOver = true;
  await callers;
  const metrics = await target.textOf(await target.send('GET', '/metrics'));
  const kept = [...metrics.matchAll(/^llama_orch_transcripts_total\{result="(\w+)"\} (\d+)/gm)].map(
    ([, result, count]) => `${count} ${result}`,
  );
  await target.stop();
  const usPerToken = (figures.cpu * 1e6) / figures.tokens;
  console.log(
    `transcripts ${transcripts ? 'on ' : 'off'}: ${Math.round(figures.tokens / SECONDS)} tokens/s, ${Math.round(figures.tasks / SECONDS)} tasks/s,`,
    `CPU ${usPerToken.toFixed(2)} µs per token; ${kept.join(', ')}`,
  );
  return usPerToken;
}

const results = { on: [], off: [] };
for (let count = 0; count < ROUNDS; count++) {
  results.off.push(await round(false, 21_000 + (process.pid % 10_000) + count));
  results.on.push(await round(true, 31_000 + (process.pid % 10_000) + count));
}
const [on, off] = [median(results.on), median(results.off)];
console.log(
  `${STREAMS} streams, tasks of ${TOKENS} tokens: ${off.toFixed(2)} µs per token without, ${on.toFixed(2)} with (+${((on / off - 1) * 100).toFixed(0)} %)`,
);
