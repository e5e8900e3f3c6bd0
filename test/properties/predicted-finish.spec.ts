import leastLoaded from '@llama-orch/placement-least-loaded';
import predictedFinish from '@llama-orch/placement-predicted-finish';
import {
  type PlacementCandidate,
  type PlacementStrategy,
  type PlacementStrategyPlugin,
  type QueueDisciplineFactory,
} from '@llama-orch/plugin-sdk';
import priorityFifo from '@llama-orch/queue-priority-fifo';
import { parseFleet } from '../../src/config/index.js';
import { generate } from '../../src/scheduling/simulator/generators.js';
import { Observer } from '../../src/scheduling/simulator/observer.js';
import { Simulation } from '../../src/scheduling/simulator/simulation.js';
import { completionOf } from '../support/mixed-fleet.js';

const noLog = { log: () => {} };
const queues = priorityFifo.create({ batch_max_wait_ms: 60_000 }, noLog) as QueueDisciplineFactory;
const simulator = { parseFleet, generate, Simulation, Observer, queues };
const made = (plugin: PlacementStrategyPlugin) => plugin.create({}, noLog) as PlacementStrategy;

describe('predicted-finish on cards of three generations', () => {
  it.each([0.5, 0.75])(
    'at load %d finishes the slowest twentieth a fifth sooner than least-loaded, and hardly later than who knows all (ORCH-1103, ORCH-4406)',
    (load) => {
      const plain = completionOf(simulator, made(leastLoaded), load, 3_000);
      const learned = completionOf(simulator, made(predictedFinish), load, 3_000);
      const known = completionOf(simulator, 'oracle', load, 3_000);
      expect(learned.p95 / plain.p95).toBeLessThan(0.8);
      expect(learned.p95 / known.p95).toBeLessThan(1.1);
      expect(learned.mean / known.mean).toBeLessThan(1.1);
    },
  );

  it('knows at first what is declared, and what replicas can do once they have shown it (ORCH-4406)', () => {
    const strategy = made(predictedFinish);
    const offers: (readonly PlacementCandidate[])[] = [];
    const watched: PlacementStrategy = {
      ...strategy,
      rank: (task, candidates) => {
        offers.push(candidates);
        return strategy.rank(task, candidates);
      },
    };
    completionOf(simulator, watched, 0.5, 3_000);
    expect(new Set(offers[0]!.map(({ rates }) => JSON.stringify(rates)))).toEqual(
      new Set([JSON.stringify({ prefillTps: 500, decodeTps: 20, slowdown: 0, uncertainty: 1 })]),
    );
    const last = offers.slice(-200).flat();
    const meanOf = (device: string, tell: (candidate: PlacementCandidate) => number) => {
      const told = last.filter(({ labels }) => labels.device === device).map(tell);
      return told.reduce((sum, value) => sum + value, 0) / told.length;
    };
    expect(meanOf('new', ({ rates }) => rates!.decodeTps) / 90).toBeCloseTo(1, 1);
    expect(meanOf('middle', ({ rates }) => rates!.decodeTps) / 60).toBeCloseTo(1, 1);
    expect(meanOf('new', ({ rates }) => rates!.prefillTps) / 5_000).toBeCloseTo(1, 1);
    expect(meanOf('new', ({ rates }) => rates!.slowdown)).toBeCloseTo(0.06, 1);
    expect(meanOf('new', ({ rates }) => rates!.uncertainty)).toBeLessThan(0.1);
  });
});
