import {
  attackEveryWay,
  play,
  SCENARIOS,
  URL_VECTORS,
  type AttackResult,
} from '../../src/egress/attack/run-attacks.js';

const ROWS = 70;
/** Rows of the list with their first attack, and what is beside the list. */
const rows = [...new Map([...SCENARIOS, ...URL_VECTORS].reverse().map(({ row, name }) => [row, name]))].toSorted(
  ([a], [b]) => a - b,
);

function bypasses(results: readonly AttackResult[]): readonly AttackResult[] {
  return results.filter(({ pass }) => !pass);
}

describe('attacks on the door', () => {
  it('know every row of the list, in at least 200 vectors (ORCH-4703)', () => {
    expect(rows.map(([row]) => row).filter((row) => row > 0)).toEqual(Array.from({ length: ROWS }, (_, at) => at + 1));
    expect(URL_VECTORS.length + SCENARIOS.length).toBeGreaterThanOrEqual(200);
  });

  it.each(rows)('of row %i (%s, …) end as the list says, by every way (ORCH-4703, OC-POLICY-4030)', async (row) => {
    for (const vector of URL_VECTORS.filter((one) => one.row === row))
      expect(bypasses(await attackEveryWay(vector))).toEqual([]);
    for (const scenario of SCENARIOS.filter((one) => one.row === row))
      expect(bypasses([await play(scenario)])).toEqual([]);
  });
});
