import { policyTests, readCases } from '@llama-orch/policy-sdk/test';

describe('allow-hosts decides (OC-POLICY-4031, OC-CLI-2503)', () => {
  policyTests(new URL('../src/index.ts', import.meta.url), readCases(new URL('../cases.json', import.meta.url)));
});
