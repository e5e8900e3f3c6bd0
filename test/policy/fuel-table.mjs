// Prints, for each ready policy, the digest of its module, and for each of its cases the decision and its fuel, on the Node
// that runs this. From the root, after a build: node test/policy/fuel-table.mjs
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildPackage, readPolicyPackage } from '@llama-orch/policy-sdk/build';
import { eventOfCase } from '@llama-orch/policy-sdk/test';
import { openPolicy } from '../../dist/policy-host/in-process.js';

const FOLDER = join(import.meta.dirname, '../../policies');
const table = {};
for (const name of readdirSync(FOLDER).sort()) Object.assign(table, await rowsOf(name));
console.log(JSON.stringify(table, null, 2));

async function rowsOf(name) {
  const { cases } = await readPolicyPackage(join(FOLDER, name));
  const { wasm, digest } = await buildPackage(join(FOLDER, name));
  const policy = await openPolicy(wasm);
  const rows = { [name]: digest };
  for (const { name: title, hook, event, config, expect } of cases) {
    const { event: part, bodies } = eventOfCase(hook, event).build();
    const whole = { ...part, config: { ...policy.manifest.defaults, ...config } };
    const { decision, error, fuel } = await policy.decide(hook, whole, bodies);
    const found = decision?.code ?? decision?.decision ?? error?.code;
    // Fuel of another decision than that of the case would be fuel of another path.
    const isWanted = (expect.decision ?? decision?.decision) === decision?.decision;
    rows[`${name}: ${title}`] = isWanted ? `${found} ${fuel}` : `${found} is not ${expect.decision}`;
  }
  await policy.close();
  return rows;
}
