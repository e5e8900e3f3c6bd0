import { describeEngineAdapter } from '@llama-orch/plugin-sdk/conformance';

import plugin from '../src/index.js';
import { haikuPrompt, type Replica, text } from './support/replica.js';

/** The public demands on every engine adapter, kept by the bundled model (ORCH-4507). */
describeEngineAdapter(plugin, {
  prompts: {
    short: haikuPrompt('twenty-nine', 'q7xk2m9p'),
    endless: text('Once'),
    varied: haikuPrompt('seven', 'zz42'),
  },
  startEngine: () => ({
    endpoint: {
      poolId: 'pool',
      replicaId: 'replica',
      model: { ref: 'haiku-nano', id: 'haiku-nano' },
      slots: 1,
      loadTimeoutMs: 15_000,
    },
    kill: (connection) => void process.kill((connection as Replica).runnerPid, 'SIGKILL'),
  }),
});
