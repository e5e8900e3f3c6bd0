import { attackEveryWay, URL_VECTORS, type Way } from '../../src/egress/attack/run-attacks.js';
import { AttackedApps } from './support/attacked-apps.js';
import { beforeRoute, rowsOf } from './support/route-door.js';

/** The guard alone and downloads are nothing that a caller of the route asks for. */
const WAYS_OF_CALLERS: readonly Way[] = ['allow-all', 'redirect', 'patch'];

const apps = new AttackedApps();
afterAll(() => apps.close());

describe('URLs at the route of the HTTP tool', () => {
  it.each(rowsOf(URL_VECTORS))('of row %i end as the list says, by every way (ORCH-4703, ORCH-4705)', async (row) => {
    for (const vector of URL_VECTORS.filter((one) => one.row === row)) {
      const results = await attackEveryWay(vector, beforeRoute(apps), WAYS_OF_CALLERS);
      expect(results.filter(({ pass }) => !pass)).toEqual([]);
    }
  });
});
