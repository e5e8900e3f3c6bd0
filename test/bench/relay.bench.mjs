// Relay figures: npm run bench. Each figure of llama-orch stands beside that of a bare relay, measured in turns in one run.
import { cpuSeconds, memoryMb } from './processes.mjs';
import { bareRelay, direct, llamaOrch, startEngine } from './targets.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 6);
const ENDLESS = 4_000_000;
const FRAME_END = Buffer.from('\n\n');

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function countFrames(chunk) {
  let count = 0;
  for (let at = chunk.indexOf(FRAME_END); at >= 0; at = chunk.indexOf(FRAME_END, at + 2)) count++;
  return count;
}

/** Opens `streams` streams, lets them settle, then counts frames and CPU for a while. */
async function load(target, streams) {
  let frames = 0;
  // Nothing is read before all are open: the bare relay takes no new caller while it relays at full speed.
  const open = await Promise.all(Array.from({ length: streams }, () => target.open(ENDLESS)));
  for (const response of open) {
    response.on('data', (chunk) => (frames += countFrames(chunk)));
    response.on('error', () => {});
  }
  await pause(1500);
  const [frames0, cpu0, time0] = [frames, cpuSeconds(target.pid), performance.now()];
  await pause(SECONDS * 1000);
  const tokens = frames - frames0;
  const figures = {
    tokensPerSecond: (tokens * 1000) / (performance.now() - time0),
    cpuPerMillion: ((cpuSeconds(target.pid) - cpu0) * 1e6) / tokens,
    rssMb: memoryMb(target.pid).now,
  };
  for (const response of open) response.destroy();
  await pause(300);
  return figures;
}

/** Median milliseconds from the request to the first bytes of a token, with `clients` callers at a time. */
async function firstTokens(target, { clients, calls, tokens }) {
  const times = [];
  const first = target.name === 'llama-orch' ? '"t":' : '"content":';
  let left = calls;
  const caller = async (_, index) => {
    // Callers who started together would go on together.
    await pause((index * 1000) / clients);
    while (left-- > 0) {
      const begun = performance.now();
      const response = await target.open(tokens);
      let seen = false;
      for await (const chunk of response) {
        if (seen || !chunk.includes(first)) continue;
        times.push(performance.now() - begun);
        seen = true;
      }
    }
  };
  await Promise.all(Array.from({ length: clients }).map(caller));
  return median(times);
}

async function inTurns(targets, measure) {
  const results = new Map(targets.map((target) => [target.name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const target of targets) results.get(target.name).push(await measure(target));
  }
  return results;
}

function row(label, results, read, digits = 1) {
  const cells = [...results].map(([name, list]) => `${name} ${median(list.map(read)).toFixed(digits)}`);
  const ratios = results
    .get('llama-orch')
    .map((figures, round) => read(figures) / read(results.get('bare relay')[round]));
  console.log(`${label.padEnd(44)} ${cells.join('   ').padEnd(58)} ratio ${median(ratios).toFixed(2)}`);
}

async function withTargets({ tps, slots }, use, { alsoDirect = false } = {}) {
  const engine = await startEngine({ tps, slots });
  const targets = [
    ...(alsoDirect ? [direct(engine)] : []),
    await bareRelay(engine),
    await llamaOrch(engine, { slots }),
  ];
  try {
    await use(targets);
  } finally {
    for (const target of targets) await target.stop();
    await engine.stop();
  }
}

async function paced() {
  await withTargets({ tps: 50, slots: 256 }, async (targets) => {
    const idle = memoryMb(targets.at(-1).pid).now;
    for (const target of targets) await load(target, 256);
    for (const streams of [1, 64, 256]) {
      const results = await inTurns(targets, (target) => load(target, streams));
      row(`paced 50 tok/s, ${streams} streams: CPU s/1M tokens`, results, (figures) => figures.cpuPerMillion);
      row(
        `paced 50 tok/s, ${streams} streams: RSS MB (idle ${idle.toFixed(0)})`,
        results,
        (figures) => figures.rssMb,
        0,
      );
    }
  });
}

async function saturated() {
  await withTargets({ tps: 0, slots: 256 }, async (targets) => {
    for (const streams of [1, 64, 256]) {
      const results = await inTurns(targets, (target) => load(target, streams));
      row(`saturated, ${streams} streams: tokens/s`, results, (figures) => figures.tokensPerSecond, 0);
      row(`saturated, ${streams} streams: CPU s/1M tokens`, results, (figures) => figures.cpuPerMillion);
    }
  });
}

/** Callers who come while others stream, and callers who ask again as fast as they can. */
async function ttft() {
  const streaming = { tps: 50, tokens: 50 };
  const hammering = { tps: 0, tokens: 4 };
  for (const [kind, { tps, tokens }] of Object.entries({ streaming, hammering })) {
    await withTargets({ tps, slots: 256 }, (targets) => firstTokensOf(kind, targets, tokens), { alsoDirect: true });
  }
}

async function firstTokensOf(kind, targets, tokens) {
  for (const target of targets) await firstTokens(target, { clients: 64, calls: 1500, tokens: 2 });
  for (const clients of [1, 16]) {
    const calls = kind === 'hammering' ? 400 : clients * 6;
    const results = await inTurns(targets, (target) => firstTokens(target, { clients, calls, tokens }));
    const [alone, relay, ours] = targets.map((target) => median(results.get(target.name)));
    const added = (ms) => `${(ms - alone).toFixed(2)} ms`;
    console.log(
      `TTFT p50, ${clients} ${kind} clients: direct ${alone.toFixed(2)} ms, bare relay adds ${added(relay)}, llama-orch adds ${added(ours)}`,
    );
  }
}

/** A thousand streams at reading pace, then a thousand readers that stop reading: what they cost in memory. */
async function slow() {
  await withTargets({ tps: 5, slots: 1000 }, async (targets) => {
    for (const target of targets)
      await held(target, '1,000 streams at 5 tok/s', (response) => response.on('data', () => {}));
  });
  await withTargets({ tps: 5, slots: 1000 }, async (targets) => {
    for (const target of targets) await held(target, '1,000 readers that stopped', (response) => response.pause());
  });
}

async function held(target, label, use) {
  const open = [];
  for (let at = 0; at < 1000; at += 50)
    open.push(...(await Promise.all(Array.from({ length: 50 }, () => target.open(ENDLESS)))));
  for (const response of open) use(response.on('error', () => {}));
  await pause(SECONDS * 2000);
  const { now, peak } = memoryMb(target.pid);
  console.log(`${label}, ${target.name}: RSS ${now.toFixed(0)} MB, peak ${peak.toFixed(0)} MB`);
  for (const response of open) response.destroy();
  await pause(500);
}

const SUITES = { paced, saturated, ttft, slow };
const chosen = process.argv.slice(2);
for (const name of chosen.length > 0 ? chosen : Object.keys(SUITES)) await SUITES[name]();
process.exit(0);
