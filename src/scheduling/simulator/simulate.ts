import { Observer } from './observer.js';
import { type SimulationReport, reportOf } from './report.js';
import { Simulation, type SimulationInput } from './simulation.js';

/** A report, and the single outcomes behind it. */
export interface SimulationResult {
  readonly report: SimulationReport;
  readonly observer: Observer;
}

/** Runs a workload on a fleet. A function of its input: equal inputs give equal reports, on every machine. */
export function simulate(input: SimulationInput): SimulationResult {
  const { fleet, workload, seed } = input;
  const weights = new Map(fleet.tenants.map(({ id, weight }) => [id, weight]));
  const observer = new Observer(workload.count, (tenant) => weights.get(tenant) ?? 1);
  const simulation = new Simulation(input, observer);
  const hash = simulation.run();
  for (const replica of simulation.fleet.replicas) replica.advance();
  const report = reportOf(observer, simulation.fleet, {
    workload: { name: workload.name, tasks: workload.count, seed },
    fleet: { discipline: fleet.scheduler.discipline, placement: fleet.scheduler.placement },
    hash,
    endedAt: simulation.now,
  });
  return { report, observer };
}
