import { policyTests, readCases } from '@llama-orch/policy-sdk/test';

describe('per-task-budget decides (ORCH-3080)', () => {
  policyTests(new URL('../src/index.ts', import.meta.url), readCases(new URL('../cases.json', import.meta.url)));
});
