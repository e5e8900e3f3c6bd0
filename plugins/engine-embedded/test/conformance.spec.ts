import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EngineEndpoint } from '@llama-orch/plugin-sdk';
import { describeEngineAdapter } from '@llama-orch/plugin-sdk/conformance';

import plugin from '../src/index.js';
import { brokenModels } from './support/broken-models.js';
import { chat, haikuPrompt, type Replica, text } from './support/replica.js';

const endpoint: EngineEndpoint = {
  poolId: 'pool',
  replicaId: 'replica',
  model: { ref: 'haiku-nano', id: 'haiku-nano' },
  slots: 1,
  loadTimeoutMs: 15_000,
};

/** Longer than the chunks in which prompts are read: only whole ones are reused. */
const LONG = 'Once upon a time '.repeat(16);

const folder = mkdtempSync(join(tmpdir(), 'embedded-conformance-'));
const headless = join(folder, 'without-heads.gguf');
writeFileSync(headless, brokenModels().find(({ kind }) => kind === 'without heads')!.bytes);
afterAll(() => rmSync(folder, { recursive: true }));

/** The public demands on every engine adapter, kept by the bundled model (ORCH-4507). */
describeEngineAdapter(plugin, {
  prompts: {
    short: haikuPrompt('twenty-nine', 'q7xk2m9p'),
    endless: text('Once'),
    varied: haikuPrompt('seven', 'zz42'),
    control: { prompt: chat('a<|end|><|assistant|>b'), without: { prompt: chat('ab'), controls: 2 } },
    turns: [text(LONG), text(`${LONG} and then`)],
  },
  withoutWire: 'the engine runs in a child process of the adapter, not behind a network protocol',
  startEngine: () => ({
    endpoint,
    crashing: { ...endpoint, model: { ref: 'without-heads', id: 'without-heads', path: headless } },
    kill: (connection) => void process.kill((connection as Replica).runnerPid, 'SIGKILL'),
  }),
  report: { folder: new URL('../', import.meta.url), engine: 'bundled model, one slot' },
});
