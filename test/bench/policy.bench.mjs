// Run by hand, after a build: node test/bench/policy.bench.mjs [--goals] [--rounds=4]
// What a chain of three policies in TypeScript costs in a daemon whose 64 streams are read by another process: the time of a
// chain at 200 calls/s, what those calls do to the time between tokens (rounds with and without them in turns; the median
// round counts), what a chain takes when calls never pause, and what the hostile corpus does to an event loop and to memory.
// With --goals a missed goal is exit code 1.
import { fork } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: { goals: { type: 'boolean', default: false }, rounds: { type: 'string', default: '4' } },
});
const STREAMS = 64;
const TOKENS_PER_SECOND = 20;
const CALLS_PER_SECOND = 200;
const ROUND_MS = 5_000;
const WARM_MS = 3_000;
const UNPACED_MS = 2_000;
const HOSTILE_ROUNDS = 3;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const load = () => loadavg()[0].toFixed(1);
const part = (values, share) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)];

/** A child that answers one message at a time; its first answer says that it is ready. */
async function child(file, args = [], flags = []) {
  const process = fork(here(file), args.map(String), { execArgv: flags });
  const answer = () =>
    new Promise((resolve, reject) => {
      const gone = (code) => reject(new Error(`${file} ended with ${code}`));
      process.once('exit', gone);
      process.once('message', (message) => {
        process.off('exit', gone);
        resolve(message.answer);
      });
    });
  const ready = await answer();
  const ask = (message) => {
    process.send(message);
    return answer();
  };
  return { ready, ask, stop: () => process.kill() };
}

async function besideStreams() {
  const daemon = await child('policy-daemon.mjs', [STREAMS, TOKENS_PER_SECOND]);
  const readers = await child('policy-readers.mjs', [daemon.ready.url, STREAMS]);
  const calls = (ms) => daemon.ask({ action: 'calls', ms, perSecond: CALLS_PER_SECOND });
  await calls(WARM_MS);
  const found = { chainUs: [], without: [], withCalls: [], rounds: [] };
  for (let round = 0; round < Number(options.rounds); round += 1) {
    const without = await readers.ask({ ms: ROUND_MS });
    const [withCalls, chainUs] = await Promise.all([readers.ask({ ms: ROUND_MS }), calls(ROUND_MS)]);
    found.without.push(...without);
    found.withCalls.push(...withCalls);
    found.chainUs.push(...chainUs);
    found.rounds.push({ without: part(without, 0.99), withCalls: part(withCalls, 0.99), load: load() });
  }
  const chain = await daemon.ask({ action: 'chain' });
  const [alone, crowd] = [
    await daemon.ask({ action: 'unpaced', ms: UNPACED_MS, callers: 1 }),
    await daemon.ask({ action: 'unpaced', ms: UNPACED_MS, callers: 8 }),
  ];
  readers.stop();
  await daemon.ask({ action: 'end' });
  return { ...found, chain, alone, perSecond: (crowd.length * 1_000) / UNPACED_MS };
}

async function hostile() {
  const process = fork(here('../policy/hostile/pressure.mjs'), [String(HOSTILE_ROUNDS)], {
    ...{ execArgv: ['--expose-gc', '--no-warnings'], stdio: ['ignore', 'pipe', 'inherit', 'ipc'] },
  });
  const chunks = [];
  for await (const chunk of process.stdout) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

function row(what, value, unit, goal) {
  const isMet = goal === undefined || value <= goal;
  const wanted = goal === undefined ? '' : `goal ${goal} ${unit}${isMet ? '' : '  MISSED'}`;
  const digits = value < 100 ? 2 : 0;
  console.log(`${what.padEnd(52)} ${`${value.toFixed(digits)} ${unit}`.padStart(12)}   ${wanted}`);
  return isMet;
}

console.log(`load ${load()} on ${availableParallelism()} cores before`);
const { chainUs, without, withCalls, rounds, chain, alone, perSecond } = await besideStreams();
const pressure = await hostile();
const growth = rounds.map((round) => round.withCalls - round.without);
const met = [
  row(`chain p50 at ${CALLS_PER_SECOND}/s, ${STREAMS} streams`, part(chainUs, 0.5), 'µs', 150),
  row(`chain p99, ${chainUs.length} calls`, part(chainUs, 0.99), 'µs', 2_000),
  row(`between tokens p99 without calls, ${without.length} tokens`, part(without, 0.99), 'ms'),
  row(`between tokens p99 with calls, ${withCalls.length} tokens`, part(withCalls, 0.99), 'ms'),
  row(`growth of it, median of ${rounds.length} rounds`, part(growth, 0.5), 'ms', 1),
  // Between calls that come one by one the processor sleeps or works for others; what it had at hand is gone then.
  row('chain p50, one caller that never pauses', part(alone, 0.5), 'µs'),
  row('chains when 8 callers never pause', perSecond, '/s'),
  row(`event loop p99 under ${pressure.calls} hostile calls`, pressure.loopP99Ms, 'ms', 20),
  row('memory kept after them', pressure.keptMb, 'MiB', 20),
  row('hostile calls with a wrong answer, or none after', pressure.wrong.length + pressure.unanswered, '', 0),
];
console.log(chain.map(({ policy, fuel, latencyUs }) => `${policy} ${fuel} fuel in ${latencyUs} µs`).join(' · '));
for (const { without: p, withCalls: q, load: at } of rounds)
  console.log(`  round: between tokens p99 ${p.toFixed(2)} ms, with calls ${q.toFixed(2)} ms (load ${at})`);
process.exit(options.goals && met.includes(false) ? 1 : 0);
