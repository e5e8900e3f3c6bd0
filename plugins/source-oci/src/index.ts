import { defineModelSource } from '@llama-orch/plugin-sdk';
import { OciSource } from './oci-source.js';
import { ociOptions } from './options.js';

/** Models in registries that speak the OCI distribution protocol. */
export default defineModelSource({
  id: 'oci',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: ociOptions,
  create: (options) => new OciSource(options, process.env),
});
