// Run by hand, after a build: node test/bench/simulator.bench.mjs [tasks] [load]
// A million tasks over a thousand replicas on the production scheduler; the hash is the same on every run and version of Node.
import leastLoaded from '@llama-orch/placement-least-loaded';
import priorityFifo from '@llama-orch/queue-priority-fifo';
import { parseFleet } from '../../dist/config/index.js';
import { generate } from '../../dist/scheduling/simulator/generators.js';
import { simulate } from '../../dist/scheduling/simulator/simulate.js';

const TARGET_S = 120;
const [tasks = 1_000_000, load = 1.02] = process.argv.slice(2).map(Number);
const noLog = { log: () => {} };
const replicas = [{ count: 1_000, slots: 4, prefill_tps: 2_000, decode_tps: 40, slowdown: 0.03 }];
const fleet = parseFleet({ pools: [{ id: 'main', queue: { capacity: 1_024 }, replicas }] });
const workload = generate('mixed', { tasks, load, tenants: 100 }, fleet, 1);
const queues = priorityFifo.create(priorityFifo.options.parse({}), noLog);
const strategy = leastLoaded.create({}, noLog);

const begun = performance.now();
const before = process.cpuUsage();
const { report } = simulate({ fleet, workload, queues, strategy, seed: 1 });
const seconds = (performance.now() - begun) / 1000;
const { user, system } = process.cpuUsage(before);

const { predictions, fates, makespan_ms, decisions_sha256, all } = report;
console.log(`${tasks} tasks over 1000 replicas, load ${load}, Node ${process.versions.node}`);
console.log(
  `${seconds.toFixed(1)} s by the wall, ${((user + system) / 1e6).toFixed(1)} s of CPU, target ${TARGET_S} s`,
);
console.log(
  `virtual time ${(makespan_ms / 60_000).toFixed(0)} min, completed ${fates.completed}, waits ${predictions.waits}`,
);
console.log(`queue time p95 ${all.queue_ms.p95} ms, ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`);
console.log(`decisions ${decisions_sha256}`);
