import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../architecture/source-file.js';

interface Row {
  readonly name: string;
  readonly predictions: { readonly waits: number; readonly within_p90: number; readonly waits_over_1s: number };
}

/** The long bench, short, in a process of its own: the built code is many times faster than what tests compile. */
async function calibration(): Promise<Row[]> {
  const bench = join(ROOT, 'test/bench/calibration.bench.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [bench, '3000', '1', '--json']);
  return JSON.parse(stdout) as Row[];
}

it('measures promises against outcomes on five workloads, the same on each run (ORCH-4955, ORCH-4406)', async () => {
  const rows = await calibration();
  expect(rows.map(({ name }) => name)).toEqual(['steady', 'bursty', 'heavy-tail', 'mixed', 'replica-death']);
  expect(await calibration()).toEqual(rows);
  for (const { predictions } of rows) {
    expect(predictions.waits).toBeGreaterThan(500);
    expect(predictions.waits_over_1s).toBeGreaterThan(300);
    expect(predictions.within_p90).toBeGreaterThan(0);
  }
}, 60_000);
