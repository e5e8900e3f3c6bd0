import { policyTests, readCases } from '@llama-orch/policy-sdk/test';

describe('rate-limit decides (OC-POLICY-4031)', () => {
  policyTests(new URL('../src/index.ts', import.meta.url), readCases(new URL('../cases.json', import.meta.url)));
});
