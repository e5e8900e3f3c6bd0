import { defineGpuProbe } from '@llama-orch/plugin-sdk';
import { smiOptions } from './options.js';
import { SmiProbe } from './smi-probe.js';

/** Samples NVIDIA GPUs through one long-lived `nvidia-smi`, which can be killed when the driver wedges. */
export default defineGpuProbe({
  id: 'nvidia-smi',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: smiOptions,
  create: (options) => SmiProbe.open(options),
});
