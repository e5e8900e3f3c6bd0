import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededRandom } from '../../src/kernel/random.js';
import { damageAfter, killOnce } from '../support/audit-kills.mjs';

const KILLS = 10;
const LONGEST_LIFE_MS = 120;

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-audit-kills-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('A writer of the audit that is killed', () => {
  it('loses no row that it acknowledged, and leaves a chain that verifies (F-06, ORCH-4704, OC-POLICY-4032)', async () => {
    const random = new SeededRandom(2026);
    for (let kill = 1; kill <= KILLS; kill++) {
      const acknowledged = await killOnce(folder, kill * 1_000_000, random.next() * LONGEST_LIFE_MS);
      expect(acknowledged.length).toBeGreaterThan(0);
      expect(await damageAfter(folder, acknowledged)).toBeUndefined();
    }
  }, 600_000);
});
