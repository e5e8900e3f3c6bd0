// Kills a process that writes the audit, again and again in one folder, and verifies after each kill that no acknowledged row
// is lost: node test/faults/audit-kills.mjs [kills] [seed], after a build.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededRandom } from '../../dist/kernel/random.js';
import { damageAfter, killOnce } from '../support/audit-kills.mjs';

const LONGEST_LIFE_MS = 250;
const kills = Number(process.argv[2] ?? 1_000);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const random = new SeededRandom(seed);
const folder = mkdtempSync(join(tmpdir(), 'llama-orch-audit-kills-'));
let rows = 0;

for (let kill = 1; kill <= kills; kill++) {
  const acknowledged = await killOnce(folder, kill * 1_000_000, random.next() * LONGEST_LIFE_MS);
  rows += acknowledged.length;
  const damage = await damageAfter(folder, acknowledged);
  if (damage !== undefined) {
    console.error(`kill ${kill} of seed ${seed}: ${damage}; see ${folder}`);
    process.exit(1);
  }
  if (kill % 50 === 0) console.log(`${kill} kills, ${rows} acknowledged rows, none lost`);
}
rmSync(folder, { recursive: true, force: true });
console.log(`${kills} kills (seed ${seed}), ${rows} acknowledged rows, none lost, every chain verified`);
