import { fileURLToPath } from 'node:url';

import { defineEngineAdapter } from '@llama-orch/plugin-sdk';

import { EmbeddedAdapter } from './adapter.js';
import { embeddedOptions, type EmbeddedOptions } from './options.js';

// Both paths hold from src/ and from dist/: the runner is always the compiled one.
const RUNNER = fileURLToPath(new URL('../dist/child/main.js', import.meta.url));
const BUNDLED_MODEL = fileURLToPath(new URL('../models/haiku-nano.gguf', import.meta.url));

/** llama.cpp in a supervised child process, one per loaded model. */
export default defineEngineAdapter<EmbeddedOptions>({
  id: 'embedded',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: embeddedOptions,
  create: (options, context) => new EmbeddedAdapter(options, context, { runner: RUNNER, bundledModel: BUNDLED_MODEL }),
});

export { type EmbeddedOptions } from './options.js';
