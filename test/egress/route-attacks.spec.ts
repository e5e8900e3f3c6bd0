import { parseConfig } from '../../src/config/index.js';
import { play, SCENARIOS, URL_VECTORS } from '../../src/egress/attack/run-attacks.js';
import { AttackedApps } from './support/attacked-apps.js';
import { beforeRoute, rowsOf } from './support/route-door.js';

const fromOutside = SCENARIOS.filter(({ notFromOutside }) => notFromOutside === undefined);

const apps = new AttackedApps();
afterAll(() => apps.close());

describe('attacks on the route of the HTTP tool', () => {
  it('are all of the list but a rule that no configuration can have (ORCH-4703, ORCH-4705)', () => {
    const others = SCENARIOS.filter(({ notFromOutside }) => notFromOutside !== undefined);
    expect(others.map(({ row, name }) => `${row} ${name}`)).toEqual(['44 a.b.com against the rule a.*.com']);
    expect(() => parseConfig({ egress: { allow_hosts: ['a.*.com'] } })).toThrow('host name');
    expect(rowsOf([...fromOutside, ...URL_VECTORS].filter(({ row }) => row > 0))).toHaveLength(70);
  });

  it.each(rowsOf(fromOutside))('of row %i end as the list says, streamed or not (ORCH-4703)', async (row) => {
    for (const scenario of fromOutside.filter((one) => one.row === row))
      for (const stream of [false, true]) {
        const { name, expected, got } = await play(scenario, beforeRoute(apps, stream));
        expect({ name, stream, got }).toEqual({ name, stream, got: expected });
      }
  });
});
