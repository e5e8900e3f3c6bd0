import { type GpuProbe } from '@llama-orch/plugin-sdk';
import { FakeNvml, type FakeNvmlState, type FakeNvmlVariant } from '../../../test/support/fake-nvml.js';
import nvml from '../src/index.js';

export const untilDone = (): AbortSignal => new AbortController().signal;

export async function createProbe(options: object): Promise<GpuProbe> {
  return nvml.create(nvml.options.parse(options), { log: () => undefined });
}

/** Lends a driver that plays this, and a probe on it; both are gone afterwards. */
export async function withDriver(
  state: FakeNvmlState | undefined,
  use: (fake: FakeNvml, probe: GpuProbe) => Promise<void>,
  variant?: FakeNvmlVariant,
): Promise<void> {
  const fake = new FakeNvml(state, variant);
  try {
    const probe = await createProbe({ library: fake.library });
    try {
      await use(fake, probe);
    } finally {
      await probe.close();
    }
  } finally {
    fake.remove();
  }
}
