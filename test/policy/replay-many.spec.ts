import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SCRIPT = fileURLToPath(new URL('./replay-many.mjs', import.meta.url));

/** The script with 10,000 calls is the proof at length; this one takes a few seconds. */
it('decides 200 recorded calls of a chain again, with the same answers and fuel (OC-POLICY-4001, ORCH-4704)', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, '200']);
  const { decided, ...found } = JSON.parse(stdout) as { decided: Record<string, number> };
  expect(found).toMatchObject({ ok: true, records: 200, same: 600, differing: 0, left_out: 0, differences: [] });
  // Calls of every kind: allowed, denied, patched, thrown at, ended by fuel.
  expect(Object.keys(decided)).toEqual(
    expect.arrayContaining(['ALLOWED', 'HOST_NOT_ALLOWED', 'MODIFIED', 'POLICY_FUEL', 'POLICY_GUEST_ERROR', 'BROKEN']),
  );
}, 300_000);
