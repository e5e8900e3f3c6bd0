import { describeGpuProbe } from '@llama-orch/plugin-sdk/conformance';
import staticProbe from '../src/index.js';

describe('the contract of GPU probes (ORCH-4701, ORCH-4506)', () => {
  const devices = [
    { name: 'RTX 3060', vram_gib: 12, index: 1 },
    { name: 'RTX 3090', vram_gib: 24, index: 0 },
  ];
  describeGpuProbe(staticProbe, { startSource: () => ({ options: { devices } }) });
});
