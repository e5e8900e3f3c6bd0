import { defineSearchProvider } from '@llama-orch/plugin-sdk';
import { HttpJsonProvider } from './http-json-provider.js';
import { httpJsonOptions } from './options.js';

/** Searches through an HTTP endpoint that answers JSON. */
export default defineSearchProvider({
  id: 'http-json',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: httpJsonOptions,
  create: (options) => new HttpJsonProvider(options),
});
