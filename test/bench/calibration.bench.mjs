// Run by hand, after a build: node test/bench/calibration.bench.mjs [tasks] [seeds] [--json]
// What became of the predictions on the five generated workloads, on the production scheduler and a virtual clock.
import { readFileSync } from 'node:fs';
import leastLoaded from '@llama-orch/placement-least-loaded';
import priorityFifo from '@llama-orch/queue-priority-fifo';
import { parseFleet } from '../../dist/config/index.js';
import { generate } from '../../dist/scheduling/simulator/generators.js';
import { simulate } from '../../dist/scheduling/simulator/simulate.js';

const numbers = process.argv.slice(2).filter((text) => /^\d+$/.test(text));
const [tasks = 20_000, seeds = 3] = numbers.map(Number);
const noLog = { log: () => {} };
const text = readFileSync(new URL('./calibration.json', import.meta.url), 'utf8');
const { fleet: data, workloads, targets } = JSON.parse(text);
const fleet = parseFleet(data);

function rowOf(name, settings, seed) {
  const workload = generate(name, { tasks, ...settings }, fleet, seed);
  const queues = priorityFifo.create(priorityFifo.options.parse({}), noLog);
  const strategy = leastLoaded.create({}, noLog);
  return {
    name,
    hints: settings.hints > 0,
    seed,
    predictions: simulate({ fleet, workload, queues, strategy, seed }).report.predictions,
  };
}

const verdict = (isMet) => (isMet ? 'met   ' : 'missed');
const percent = (share) => (share === null ? '–' : `${(share * 100).toFixed(1)} %`).padStart(7);
const of = (count) => `of ${String(count).padStart(5)}`;

function lineOf({ name, hints, seed, predictions }) {
  const {
    waits,
    within_p90,
    waits_over_1s,
    median_relative_error: error,
    retried,
    first_retry_rate: rate,
  } = predictions;
  return [
    `${name}${hints ? ', lengths known' : ''} #${seed}`.padEnd(26),
    `within p90 ${percent(within_p90)} ${of(waits)}`,
    verdict(within_p90 >= targets.least_within_p90 && within_p90 <= targets.most_within_p90),
    `error ${percent(error)} ${of(waits_over_1s)}`,
    verdict(error <= targets.most_error),
    `first retry ${percent(rate)} ${of(retried)}`,
    verdict(rate === null || rate >= targets.least_first_retry),
  ].join('  ');
}

const isJson = process.argv.includes('--json');
const rows = [];
if (!isJson) console.log(`${tasks} tasks each; a wait was promised or happened; error: of p50, waits over 1 s`);
for (const { name, settings } of workloads) {
  for (let seed = 1; seed <= seeds; seed++) {
    const row = rowOf(name, settings, seed);
    rows.push(row);
    if (!isJson) console.log(lineOf(row));
  }
}
if (isJson) console.log(JSON.stringify(rows, null, 2));
