import { describeGpuProbe } from '@llama-orch/plugin-sdk/conformance';
import nvidiaSmi from '../src/index.js';
import { FakeSmi } from './support.js';

describe('the contract of GPU probes (ORCH-4506, ORCH-4701)', () => {
  describeGpuProbe(nvidiaSmi, {
    startSource() {
      const fake = new FakeSmi('normal');
      return {
        options: { command: fake.command, interval_ms: 200 },
        vanish: () => fake.play('fails'),
        hang: () => fake.play('mute'),
        goOn: () => fake.play('normal'),
        stop: () => fake.remove(),
      };
    },
  });
});
