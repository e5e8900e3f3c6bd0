import { policyTests, readCases } from '@llama-orch/policy-sdk/test';

describe('method-guard decides (FR-SI-002)', () => {
  policyTests(new URL('../src/index.ts', import.meta.url), readCases(new URL('../cases.json', import.meta.url)));
});
