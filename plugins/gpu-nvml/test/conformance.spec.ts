import { describeGpuProbe } from '@llama-orch/plugin-sdk/conformance';
import { describeWithFakeNvml, FakeNvml, WORKSTATION } from '../../../test/support/fake-nvml.js';
import nvml from '../src/index.js';

const MACHINE = {
  ...WORKSTATION,
  '0.util': 35,
  '0.temp': 61,
  '0.power': 215_500,
  '0.ecc': 0,
  '0.compute': '4242:1073741824,17:?',
  '0.graphics': '4242:1073741824',
  '1.slices': 2,
  '1.total': 40 * 2 ** 30,
  '1/0.total': 20 * 2 ** 30,
  '1/1.total': 20 * 2 ** 30,
  events: '0:79',
};

describeWithFakeNvml('the contract of GPU probes (ORCH-4506, ORCH-4701)', () => {
  describeGpuProbe(nvml, {
    startSource() {
      const fake = new FakeNvml(MACHINE);
      return {
        options: { library: fake.library },
        vanish: () => fake.change({ fail: 9 }),
        hang: () => fake.change({ hang: 'nvmlDeviceGetMemoryInfo' }),
        goOn: () => fake.forget('hang'),
        stop: () => fake.remove(),
      };
    },
  });
});
