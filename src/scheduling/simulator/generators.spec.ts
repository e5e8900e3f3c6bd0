import { oneFleet } from '../../../test/support/simulator-rig.js';
import { GENERATORS, type GeneratorName, generate } from './generators.js';

const NAMES = Object.keys(GENERATORS) as GeneratorName[];
const fleet = oneFleet({ count: 4, slots: 4, prefill_tps: 2000, decode_tps: 40 });
const specsOf = (name: GeneratorName, parameters: object = {}, seed = 1) => [
  ...generate(name, { tasks: 4_000, ...parameters }, fleet, seed).tasks(),
];
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe.each(NAMES)('%s', (name) => {
  it('is the same for a seed and another for another (ORCH-4955)', () => {
    expect(specsOf(name)).toEqual(specsOf(name));
    expect(specsOf(name, {}, 2)).not.toEqual(specsOf(name));
  });

  it('makes as many tasks as asked for, in order, each within its limits (ORCH-4955)', () => {
    const specs = specsOf(name, { max_tokens: 300 });
    expect(specs).toHaveLength(4_000);
    expect(specs.map(({ arrivalMs }) => arrivalMs)).toEqual(
      specs.map(({ arrivalMs }) => arrivalMs).sort((a, b) => a - b),
    );
    for (const { outputTokens, promptTokens } of specs) {
      expect(outputTokens >= 1 && outputTokens <= 300 && promptTokens >= 1).toBe(true);
    }
  });

  it('arrives at the asked rate on average (ORCH-4955)', () => {
    const seconds = specsOf(name, { rate: 10 }).at(-1)!.arrivalMs / 1000;
    expect(4_000 / seconds).toBeGreaterThan(9);
    expect(4_000 / seconds).toBeLessThan(11);
  });
});

it('asks the fleet for the share of its speed that load says (ORCH-4955)', () => {
  const specs = specsOf('steady', { load: 0.5 });
  const secondsOf = specs.reduce(
    (sum, { promptTokens, outputTokens }) => sum + promptTokens / 2000 + outputTokens / 40,
    0,
  );
  expect(secondsOf / 16 / (specs.at(-1)!.arrivalMs / 1000)).toBeCloseTo(0.5, 1);
});

it('heavy-tail has the asked mean and a long tail (ORCH-4955)', () => {
  const lengths = specsOf('heavy-tail', { max_tokens: 100_000 }).map(({ outputTokens }) => outputTokens);
  expect(mean(lengths)).toBeGreaterThan(170);
  expect(mean(lengths)).toBeLessThan(230);
  expect(Math.max(...lengths)).toBeGreaterThan(2_000);
});

it('bursty has bursts: their rate is the asked multiple of the mean (ORCH-4955)', () => {
  const specs = specsOf('bursty', { rate: 10, burst: 4, period_ms: 20_000 });
  const inBurst = specs.filter(({ arrivalMs }) => arrivalMs % 20_000 < 2_500).length;
  expect(inBurst / specs.length).toBeCloseTo(0.5, 1);
});

it('mixed has both classes, tenants of falling size, and deadlines for interactive work alone (ORCH-4955)', () => {
  const specs = specsOf('mixed', { tenants: 3, batch: 0.25 });
  const share = (isOf: (spec: (typeof specs)[number]) => boolean) => specs.filter(isOf).length / specs.length;
  expect(share(({ priority }) => priority === 'batch')).toBeCloseTo(0.25, 1);
  expect(share(({ tenant }) => tenant === 'tenant-0')).toBeCloseTo(6 / 11, 1);
  expect(specs.some(({ priority, deadlineMs }) => priority === 'batch' && deadlineMs !== undefined)).toBe(false);
  expect(mean(specs.map(({ outputTokens }) => outputTokens))).toBeCloseTo(200, -1.5);
});

it('replica-death kills the first replica once and brings it back (ORCH-4955)', () => {
  const { faults } = generate('replica-death', { tasks: 300, rate: 1, down_ms: 5_000 }, fleet, 1);
  expect(faults).toEqual([{ replica: 0, atMs: 100_000, backMs: 105_000 }]);
});

it('gives hints within a tenth of the truth to the asked share (ORCH-4955)', () => {
  const hinted = specsOf('steady', { hints: 0.5 }).filter(({ expectedTokens }) => expectedTokens !== undefined);
  expect(hinted.length / 4_000).toBeCloseTo(0.5, 1);
  for (const { expectedTokens, outputTokens } of hinted) {
    expect(Math.abs(expectedTokens! / outputTokens - 1)).toBeLessThan(0.11);
  }
});
