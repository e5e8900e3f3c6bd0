import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildPackage } from '@llama-orch/policy-sdk/build';
import { policyTests, readCases } from '@llama-orch/policy-sdk/test';
import { openPolicy } from '../../src/policy-host/in-process.js';
import { requestEvent } from './events.js';

const FOLDER = join(import.meta.dirname, '../../examples/size-limit-policy');

describe('the example of a policy (OC-POLICY-SDK-4110)', () => {
  policyTests(join(FOLDER, 'src/index.ts'), readCases(join(FOLDER, 'cases.json')));

  it('is of the size that its README says', () => {
    expect(readFileSync(join(FOLDER, 'src/index.ts'), 'utf8').trimEnd().split('\n')).toHaveLength(11);
  });

  it('builds to a module with its default setting, which the host takes', async () => {
    const { wasm, manifest } = await buildPackage(FOLDER);
    expect(manifest).toMatchObject({ name: 'small-calls', defaults: { max_bytes: 1_000 } });
    const policy = await openPolicy(wasm);
    const { decision } = await policy.decide('on_request', requestEvent());
    await policy.close();
    expect(decision).toEqual({ decision: 'allow' });
  });
});
