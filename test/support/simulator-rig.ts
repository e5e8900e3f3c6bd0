import leastLoaded from '@llama-orch/placement-least-loaded';
import priorityFifo from '@llama-orch/queue-priority-fifo';
import { type FleetConfig, parseFleet } from '../../src/config/index.js';
import { type SimulationResult, simulate } from '../../src/scheduling/simulator/simulate.js';
import { type TaskSpec, type Workload } from '../../src/scheduling/simulator/workload.js';

const noLog = { log: () => {} };

/** One pool `p`; `replica` and `pool` override members as a fleet file has them. */
export function oneFleet(replica: object = {}, pool: object = {}, more: object = {}): FleetConfig {
  const replicas = [{ prefill_tps: 1000, decode_tps: 10, ...replica }];
  return parseFleet({ pools: [{ id: 'p', replicas, ...pool }], ...more });
}

/** A task of 100 prompt tokens and 11 answer tokens: 100 ms to its first token, one second more to its end. */
export function spec(members: Partial<TaskSpec> = {}): TaskSpec {
  return {
    arrivalMs: 0,
    promptTokens: 100,
    outputTokens: 11,
    maxTokens: 100,
    expectedTokens: undefined,
    priority: 'interactive',
    tenant: 'default',
    session: undefined,
    model: undefined,
    deadlineMs: undefined,
    cancelAfterMs: undefined,
    retries: 0,
    ...members,
  };
}

/** Tasks in the order of their arrival. */
export function workloadOf(...specs: readonly Partial<TaskSpec>[]): Workload {
  const tasks = specs.map(spec);
  return { name: 'written', count: tasks.length, faults: [], tasks: () => tasks };
}

/** Runs a workload with the default discipline and strategy. */
export function run(workload: Workload, fleet: FleetConfig, seed = 1): SimulationResult {
  const queues = priorityFifo.create({ batch_max_wait_ms: fleet.scheduler.batch_max_wait_ms }, noLog);
  const strategy = leastLoaded.create({}, noLog);
  if (queues instanceof Promise || strategy instanceof Promise) throw new Error('these plugins are made at once');
  return simulate({ fleet, workload, queues, strategy, seed });
}
