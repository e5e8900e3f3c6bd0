import { type QueueItem } from '@llama-orch/plugin-sdk';
import { describeQueueDiscipline, type FairPair } from '@llama-orch/plugin-sdk/conformance';
import wfq from '../src/index.js';

const flowOf = ({ priority, tenantId = '', sessionId = '' }: QueueItem) => `${priority} ${tenantId} ${sessionId}`;

function pairs(quantum: number, tenantWeight: number): readonly FairPair[] {
  return [
    { flows: [{ priority: 'interactive' }, { priority: 'batch' }], weights: [8, 1], quantum },
    { flows: [{ tenantId: 'light' }, { tenantId: 'heavy' }], weights: [1, tenantWeight], quantum },
    { flows: [{ sessionId: 'one' }, { sessionId: 'other' }], weights: [1, 1], quantum },
  ];
}

describe('with the default weights (ORCH-3075, ORCH-4408)', () => {
  describeQueueDiscipline(wfq, { flowOf, fairBetween: pairs(512, 1) });
});

describe('with weights of tenants and a quantum below any item (ORCH-4408)', () => {
  const options = { quantum: 7, tenant_weights: { heavy: 3.7 } };
  describeQueueDiscipline(wfq, { flowOf, options, fairBetween: pairs(7, 3.7) });
});

describe('with a quantum above any item (ORCH-4408)', () => {
  describeQueueDiscipline(wfq, { flowOf, options: { quantum: 100_000 }, fairBetween: pairs(100_000, 1) });
});
