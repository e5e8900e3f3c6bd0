import { policyTests, readCases } from '@llama-orch/policy-sdk/test';

describe('redact-secrets decides (OC-POLICY-4031, OC-POLICY-SDK-4112)', () => {
  policyTests(new URL('../src/index.ts', import.meta.url), readCases(new URL('../cases.json', import.meta.url)));
});
