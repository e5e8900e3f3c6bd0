// Run by hand, after a build: node test/bench/policy-edits.bench.mjs [edits]
// From an edit of a policy in TypeScript to a running daemon that decides by it: `policy dev` builds, tests and swaps, the
// daemon looks at the file and swaps its module. A median over 1 s is exit code 1.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startProcess } from './processes.mjs';

const edits = Number(process.argv[2] ?? 10);
const GOAL_MS = 1_000;
const PATIENCE_MS = 20_000;
const HINT = 'ask the operator to add it to hosts';
const BIN = fileURLToPath(new URL('../../bin/llama-orch.mjs', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-edits-'));
const source = join(folder, 'acme/src/index.ts');
const config = join(folder, 'config.yaml');
cli('policy', 'new', 'acme');
cli('policy', 'build', 'acme', '--out', 'live.wasm');
writeFileSync(
  config,
  `server: { bind: '127.0.0.1:0', shutdown_ms: 500 }
storage: { data_dir: ./data }
egress: { rate_per_s: 1000 }
policies:
  - { path: ./live.wasm, settings: { hosts: [example.com] } }
`,
);
const daemon = await startProcess(BIN, ['serve', '--config', config]);
const dev = spawn(process.execPath, [BIN, 'policy', 'dev', 'acme', '--into', 'live.wasm'], {
  ...{ cwd: folder, env: { ...process.env, LLORCH_URL: daemon.url }, stdio: ['ignore', 'ignore', 'pipe'] },
});
const written = readFileSync(source, 'utf8');
const times = [];
try {
  await watching();
  for (let edit = 1; edit <= edits; edit += 1) times.push(await timed(`edit ${edit}`));
} finally {
  dev.kill();
  await daemon.stop();
  rmSync(folder, { recursive: true, force: true });
}
const median = times.toSorted((a, b) => a - b)[Math.floor((times.length - 1) / 2)];
console.log(`load ${loadavg()[0].toFixed(1)} on ${availableParallelism()} cores`);
console.log(`edit to decision, ms: ${times.map((ms) => ms.toFixed(0)).join(' ')}`);
console.log(`median ${median.toFixed(0)} ms, worst ${Math.max(...times).toFixed(0)} ms (goal: median ${GOAL_MS} ms)`);
process.exit(median <= GOAL_MS ? 0 : 1);

/** Milliseconds from the edit to the first refusal with its hint. */
async function timed(hint) {
  const begun = performance.now();
  writeFileSync(source, written.replace(HINT, hint));
  while ((await refusal()).hint !== hint) {
    if (performance.now() - begun > PATIENCE_MS) throw new Error(`${hint} is not in force after ${PATIENCE_MS} ms`);
    await delay(20);
  }
  return performance.now() - begun;
}

async function refusal() {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ url: 'http://127.0.0.2/' });
  return (await fetch(`${daemon.url}/v1/tools/http`, { method: 'POST', headers, body })).json();
}

/** Resolves once `policy dev` looks at the folder. */
function watching() {
  return new Promise((resolve, reject) => {
    let said = '';
    dev.once('exit', () => reject(new Error(`policy dev ended: ${said}`)));
    dev.stderr.on('data', (chunk) => {
      said += chunk;
      if (said.includes('watching')) resolve();
    });
  });
}

function cli(...args) {
  const { status, stderr } = spawnSync(process.execPath, [BIN, ...args], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`llama-orch ${args.join(' ')}: ${stderr}`);
}
