// An engine program without a model: takes the flags of llama-server, speaks its wire, and misbehaves on request.
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { parseArgs } from 'node:util';

// Node strips the types itself but does not turn `./x.js` into `./x.ts`.
registerHooks({
  resolve(specifier, context, next) {
    const isOurs = /^\.\.?\//.test(specifier) && context.parentURL?.endsWith('.ts');
    return next(isOurs ? specifier.replace(/\.js$/, '.ts') : specifier, context);
  },
});

const text = { type: 'string' };
const flag = { type: 'boolean', default: false };
const { values } = parseArgs({
  options: {
    ...{ model: text, host: text, port: text, 'ctx-size': text, parallel: text, 'n-gpu-layers': text },
    ...{ device: text, 'split-mode': text, 'tensor-split': text, 'no-cont-batching': flag, metrics: flag },
    // Writes pid, arguments and environment to this path.
    'fake-report': text,
    'fake-ignore-sigterm': flag,
    // Starts so many processes; `fake-strays` are in groups of their own.
    ...{ 'fake-children': text, 'fake-strays': text },
    // Prints this and exits with code 1, before it listens or after so many milliseconds.
    ...{ 'fake-last-words': text, 'fake-exit-after-ms': text },
    'fake-bind-after-ms': text,
    // Writes so many bytes to its log at the start.
    'fake-chatter': text,
    'fake-tps': text,
  },
});

// A test that fails leaves nothing behind: with the folder of its weights the engine goes too.
if (values.model !== undefined) setInterval(() => existsSync(values.model) || process.exit(2), 1_000);
if (values['fake-ignore-sigterm']) process.on('SIGTERM', () => {});
const pids = [...offspring(values['fake-children'], false), ...offspring(values['fake-strays'], true)];
if (values['fake-report'] !== undefined) report(values['fake-report']);
if (values['fake-chatter'] !== undefined) process.stderr.write(`${'x'.repeat(Number(values['fake-chatter']))}\n`);
const lifeMs = values['fake-exit-after-ms'];
if (values['fake-last-words'] !== undefined && lifeMs === undefined) exit();
if (lifeMs !== undefined) setTimeout(exit, Number(lifeMs));
setTimeout(() => void listen(), Number(values['fake-bind-after-ms'] ?? 0));

async function listen() {
  const { startFakeLlamaServer } = await import('../fake-llama-server/fake-llama-server.ts');
  const slots = Number(values.parallel ?? 1);
  await startFakeLlamaServer({
    port: Number(values.port),
    slots,
    contextTokens: Number(values['ctx-size'] ?? 4096) / slots,
    tps: Number(values['fake-tps'] ?? 0),
  });
}

function exit() {
  process.stderr.write(`${values['fake-last-words'] ?? 'error: the fake engine ends'}\n`, () => process.exit(1));
}

function offspring(count, isStray) {
  const script = `if (${values['fake-ignore-sigterm']}) process.on('SIGTERM', () => {});
    setInterval(() => require('node:fs').existsSync(process.argv[1]) || process.exit(), 1_000);`;
  return Array.from({ length: Number(count ?? 0) }, () => {
    return spawn(process.execPath, ['-e', script, values.model ?? '/'], { stdio: 'ignore', detached: isStray }).pid;
  });
}

function report(path) {
  writeFileSync(path, JSON.stringify({ pid: process.pid, pids, args: process.argv.slice(2), env: process.env }));
}
