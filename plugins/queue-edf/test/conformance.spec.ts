import { type QueueItem } from '@llama-orch/plugin-sdk';
import { describeQueueDiscipline } from '@llama-orch/plugin-sdk/conformance';
import edf from '../src/index.js';

const flowOf = ({ priority, tenantId = '', sessionId = '' }: QueueItem) => `${priority} ${tenantId} ${sessionId}`;

describe('inside priority-fifo, the default (ORCH-4409)', () => {
  describeQueueDiscipline(edf, { order: 'deadline' });
});

describe('inside priority-fifo with promotion after half a second (ORCH-4409, ORCH-4403)', () => {
  describeQueueDiscipline(edf, { order: 'deadline', options: { batch_max_wait_ms: 500 } });
});

describe('inside wfq (ORCH-4409, ORCH-4408)', () => {
  const fairBetween = [{ flows: [{ tenantId: 'a' }, { tenantId: 'b' }], weights: [1, 1], quantum: 512 }] as const;
  describeQueueDiscipline(edf, { order: 'deadline', flowOf, options: { inside: 'wfq' }, fairBetween });
});
