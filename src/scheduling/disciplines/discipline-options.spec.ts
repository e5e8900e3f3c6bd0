import { type QueueDiscipline, type QueueFacts } from '@llama-orch/plugin-sdk';
import { disciplineOptions, knowingTenants } from './discipline-options.js';

describe('what a discipline is told', () => {
  it.each([
    ['priority-fifo', {}, { batch_max_wait_ms: 7 }],
    ['priority-fifo', { batch_max_wait_ms: 3 }, { batch_max_wait_ms: 3 }],
    ['edf', {}, { batch_max_wait_ms: 7 }],
    ['edf', { inside: 'wfq' }, { inside: 'wfq' }],
    ['wfq', { quantum: 9 }, { quantum: 9 }],
    ['of-a-stranger', {}, {}],
  ])('holds batch_max_wait_ms where it promotes: %s %j (ORCH-4403, ORCH-4409)', (discipline, options, expected) => {
    expect(disciplineOptions({ discipline, options, batch_max_wait_ms: 7 })).toEqual(expected);
  });

  it('holds the weights of tenants that have one, beside what the pool says (ORCH-4408)', () => {
    const seen: (QueueFacts | undefined)[] = [];
    const createQueue = (facts?: QueueFacts) => {
      seen.push(facts);
      return {} as QueueDiscipline;
    };
    const tenants = [{ id: 'a', weight: 3 }, { id: 'b' }];
    knowingTenants({ createQueue }, tenants).createQueue({ classWeights: { batch: 2 } });
    expect(seen).toEqual([{ classWeights: { batch: 2 }, tenantWeights: { a: 3 } }]);
  });
});
