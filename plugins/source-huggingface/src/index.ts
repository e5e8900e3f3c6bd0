import { defineModelSource } from '@llama-orch/plugin-sdk';
import { HubSource } from './hub-source.js';
import { hubOptions, tokenOf } from './options.js';

/** Models of the Hugging Face Hub, or of a mirror of it. */
export default defineModelSource({
  id: 'huggingface',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: hubOptions,
  create: (options) => new HubSource(options, tokenOf(options, process.env)),
});
