// Run by hand, after a build: node test/bench/placement-finish.bench.mjs [tasks]
// Time to completion on a mixed fleet, by predicted-finish, which has to learn how fast replicas are, against least-loaded and an oracle.
import leastLoaded from '@llama-orch/placement-least-loaded';
import predictedFinish from '@llama-orch/placement-predicted-finish';
import priorityFifo from '@llama-orch/queue-priority-fifo';
import { parseFleet } from '../../dist/config/index.js';
import { generate } from '../../dist/scheduling/simulator/generators.js';
import { Observer } from '../../dist/scheduling/simulator/observer.js';
import { Simulation } from '../../dist/scheduling/simulator/simulation.js';
import { completionOf } from '../support/mixed-fleet.ts';

const LOADS = [0.5, 0.6, 0.7, 0.8, 0.85];
const LEAST_GAIN = 0.2;
const MOST_REGRET = 0.1;
const [tasks = 20_000] = process.argv.slice(2).map(Number);
const noLog = { log: () => {} };
const queues = priorityFifo.create(priorityFifo.options.parse({}), noLog);
const simulator = { parseFleet, generate, Simulation, Observer, queues };

const show = ({ mean, p50, p95 }) => [mean, p50, p95].map((ms) => `${(ms / 1000).toFixed(2)} s`).join(' / ');
const percent = (share) => `${(share * 100).toFixed(1)} %`;

for (const load of LOADS) {
  const [plain, learned, known] = [leastLoaded.create({}, noLog), predictedFinish.create({}, noLog), 'oracle'].map(
    (strategy) => completionOf(simulator, strategy, load, tasks),
  );
  const gain = 1 - learned.p95 / plain.p95;
  const regret = { mean: learned.mean / known.mean - 1, p95: learned.p95 / known.p95 - 1 };
  const isMet = gain >= LEAST_GAIN && Math.max(regret.mean, regret.p95) <= MOST_REGRET;
  console.log(`load ${load}, mean / p50 / p95 to completion`);
  console.log(`  least-loaded ${show(plain)}, predicted-finish ${show(learned)}, oracle ${show(known)}`);
  console.log(
    `  p95 better by ${percent(gain)}, target ${percent(LEAST_GAIN)}; regret of the mean ${percent(regret.mean)}, of p95 ${percent(regret.p95)}, target ${percent(MOST_REGRET)}: ${isMet ? 'met' : 'missed'}`,
  );
}
