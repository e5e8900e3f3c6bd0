import { crashLoop } from '../support/crash-loop.mjs';

const KILLS = 4;

describe('A daemon that is killed under load', () => {
  it('loses no acknowledged task, debit, artifact or audit row, runs nothing twice, and ends every stream once (F-06, ORCH-4210, ORCH-4952)', async () => {
    const { wrong, tasks, artifacts, decisions } = await crashLoop({ kills: KILLS, seed: 2026 });
    expect(wrong).toEqual([]);
    for (const count of [tasks, artifacts, decisions]) expect(count).toBeGreaterThan(0);
  }, 600_000);
});
