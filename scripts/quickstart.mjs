// npm run quickstart [-- --once]: builds, serves the bundled model on this machine, and asks it for a haiku through the
// command line. Then it stays up until Ctrl-C; with --once it ends after the answer.
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { buildIfStale, ROOT } from './build-if-stale.mjs';
import { freePort, LocalDaemon, runCommand } from './local-daemon.mjs';

const MODEL = 'haiku-nano';
const FIRST_PORT = 8080;
const INTERRUPTED = 130;
const READY_WITHIN_MS = 90_000;
const CONFIG = join(ROOT, 'examples', 'minimal.yaml');
const ONES =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = ['', '', 'twenty', 'thirty', 'forty', 'fifty'];

async function main(args) {
  const unknown = args.filter((arg) => arg !== '--once');
  if (unknown.length > 0) throw new Error(`unknown argument ${unknown[0]}; the only one is --once`);
  // Its config names no policy, so nobody waits for their modules.
  if (!buildIfStale({ withPolicies: false })) throw new Error('the sources do not compile, see above');
  const daemon = new LocalDaemon(await freePort(FIRST_PORT), CONFIG);
  stopOnSignals(daemon);
  let problem;
  try {
    await tryOut(daemon, args.includes('--once'));
  } catch (error) {
    problem = daemon.isStopping ? undefined : error;
    if (daemon.isStopping) process.exitCode = INTERRUPTED;
  }
  if (daemon.isLost) problem = new Error(`the daemon ended by itself (${daemon.endedBy})`);
  await daemon.stop();
  if (problem !== undefined) throw problem;
}

async function tryOut(daemon, once) {
  await daemon.ready(READY_WITHIN_MS);
  const taskId = await writeHaiku(daemon);
  if (once) return;
  say(howToGoOn(daemon.url, taskId));
  await daemon.ended;
}

/** Ctrl-C on a terminal reaches the daemon by itself; it must not get the signal twice, for the second means: at once. */
function stopOnSignals(daemon) {
  const stop = (signal) => {
    if (signal === 'SIGINT' && process.stdin.isTTY) daemon.expectEnd();
    else void daemon.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
}

/** Submits the task and shows its tokens as they come; answers the id of the task. */
async function writeHaiku(daemon) {
  const minute = minuteInWords(new Date().getMinutes());
  const code = randomCode();
  say(`The model has to write a haiku with the minute "${minute}" and the code "${code}":\n`);
  const messages = JSON.stringify([{ role: 'user', content: promptFor(minute, code) }]);
  const submitted = await runCommand(daemon, [
    'submit',
    '--detach',
    '--model',
    MODEL,
    '--max-tokens',
    '80',
    '--messages',
    messages,
  ]);
  const taskId = submitted.trim();
  const poem = await runCommand(daemon, ['stream', taskId], { echo: true });
  if (poem.trim() === '') throw new Error('the model wrote nothing');
  if (!poem.includes(minute) || !poem.includes(code)) throw new Error('the haiku lacks the minute or the code');
  return taskId;
}

function promptFor(minute, code) {
  return `Write a haiku (3 lines). Include this exact English minute phrase: "${minute}". Also include this nonce verbatim: "${code}". Output only the poem.`;
}

function minuteInWords(minute) {
  if (minute < ONES.length) return ONES[minute];
  const ones = minute % 10;
  return TENS[Math.floor(minute / 10)] + (ones === 0 ? '' : `-${ONES[ones]}`);
}

function randomCode() {
  return Array.from({ length: 8 }, () => 'abcdefghijklmnopqrstuvwxyz0123456789'[randomInt(36)]).join('');
}

function howToGoOn(url, taskId) {
  const command = `node bin/llama-orch.mjs --url ${url}`;
  const task = JSON.stringify({
    workload: 'completion',
    model_ref: MODEL,
    priority: 'interactive',
    max_tokens: 80,
    messages: [{ role: 'user', content: 'Write a haiku about rain' }],
  });
  return `
llama-orch listens on ${url} until you press Ctrl-C. In another terminal:

  submit    curl -s ${url}/v1/tasks -H 'content-type: application/json' \\
              -d '${task}'
  stream    curl -N ${url}/v1/tasks/${taskId}/stream
  resume    curl -N -H 'Last-Event-ID: 5' ${url}/v1/tasks/${taskId}/stream

or with the command line:

  ${command} status
  ${command} stream ${taskId} --after 5
`;
}

function say(text) {
  console.error(text);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  say(`The quickstart failed: ${error.message}.`);
  process.exitCode = 1;
}
