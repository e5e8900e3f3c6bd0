import { defineGpuProbe } from '@llama-orch/plugin-sdk';
import { declaredDevices } from './declared.js';
import { staticOptions } from './options.js';
import { StaticProbe } from './static-probe.js';

/** Declares the devices of a machine that no driver tells of. */
export default defineGpuProbe({
  id: 'static',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: staticOptions,
  create: (options) => new StaticProbe(declaredDevices(options)),
});
