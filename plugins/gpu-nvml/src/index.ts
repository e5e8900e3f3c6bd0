import { defineGpuProbe } from '@llama-orch/plugin-sdk';
import { NvmlProbe } from './nvml-probe.js';
import { nvmlOptions } from './options.js';

/** Samples NVIDIA GPUs through the driver's own library, inside this process. */
export default defineGpuProbe({
  id: 'nvml',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: nvmlOptions,
  create: ({ library }) => NvmlProbe.open(library),
});
