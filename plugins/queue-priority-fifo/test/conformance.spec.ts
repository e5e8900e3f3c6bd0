import { describeQueueDiscipline } from '@llama-orch/plugin-sdk/conformance';
import priorityFifo from '../src/index.js';

describe('with promotion after 60 seconds, the default (ORCH-3004, OC-CORE-1001)', () => {
  describeQueueDiscipline(priorityFifo);
});

describe('with promotion after half a second (ORCH-4403)', () => {
  describeQueueDiscipline(priorityFifo, { options: { batch_max_wait_ms: 500 } });
});

describe('without promotion (OC-CORE-1004)', () => {
  describeQueueDiscipline(priorityFifo, { options: { batch_max_wait_ms: 0 } });
});
