import { type EngineErrorCode } from '@llama-orch/plugin-sdk';
import { poolId } from '../kernel/ids.js';
import { TaskLog } from '../tasks/task-log.js';
import { Task, type TaskRequest } from '../tasks/task.js';
import { codeOf, endingOf, isEngineLoss } from './terminal.js';

function endedTask(): Task {
  const request = {
    id: 't',
    tenantId: 'd',
    correlationId: 'c-1',
    deadlineMs: 500,
    receivedAt: 0,
  } as unknown as TaskRequest;
  const task = new Task(request, poolId('p'), 'mock', { tokens: 4, counted: true }, new TaskLog(1000));
  task.firstTokenAt = 100;
  task.endedAt = 350;
  task.tokensOut = 7;
  return task;
}

describe('the end of a task', () => {
  it('that was completed carries what the engine counted (ORCH-4201)', () => {
    const task = endedTask();
    task.answer = { finish: 'length', usage: { promptTokens: 4, cachedTokens: 2, completionTokens: 7, exact: true } };
    expect(endingOf(task, { type: 'completed' }, 0)).toMatchObject({
      state: 'completed',
      finishReason: 'length',
      frame: {
        type: 'end',
        data: {
          tokens_out: 7,
          decode_ms: 250,
          finish_reason: 'length',
          usage: { prompt_tokens: 4, cached_tokens: 2, completion_tokens: 7 },
        },
      },
    });
  });

  it('that was cancelled tells the tokens that were delivered, and no usage (ORCH-3026, ORCH-4208)', () => {
    const { state, frame } = endingOf(endedTask(), { type: 'cancelled', reason: 'disconnect' }, 0);
    expect([state, frame]).toEqual([
      'cancelled',
      { type: 'end', data: { tokens_out: 7, decode_ms: 250, finish_reason: 'cancelled' } },
    ]);
  });

  it.each([
    [
      { type: 'evicted', policy: 'drop-lru' },
      'evicted',
      { code: 'QUEUE_FULL_DROP_LRU', retriable: true, retry_after_ms: 1234, policy_label: 'drop-lru' },
    ],
    [{ type: 'expired', phase: 'queued' }, 'expired', { code: 'DEADLINE_UNMET', retriable: false }],
    [{ type: 'timed-out', limit: 'idle' }, 'failed', { code: 'DECODE_TIMEOUT', retriable: true }],
    [
      { type: 'failed', code: 'WORKER_RESET', message: 'gone' },
      'failed',
      { code: 'WORKER_RESET', message: 'gone', retriable: true },
    ],
  ] as const)('by %j is an error frame with its envelope (ORCH-4201)', (end, state, members) => {
    const ending = endingOf(endedTask(), end, 1234);
    expect([ending.state, ending.frame.type]).toEqual([state, 'error']);
    expect(ending.frame.data).toMatchObject({ engine: 'mock', pool_id: 'p', correlation_id: 'c-1', ...members });
    expect(ending.error?.code).toBe(members.code);
  });
});

describe('an engine error', () => {
  it.each<readonly [EngineErrorCode, string, boolean]>([
    ['deadline-unmet', 'DEADLINE_UNMET', false],
    ['unavailable', 'POOL_UNAVAILABLE', true],
    ['timeout', 'DECODE_TIMEOUT', false],
    ['reset', 'WORKER_RESET', true],
    ['invalid-input', 'INVALID_PARAMS', false],
    ['out-of-memory', 'WORKER_RESET', true],
    ['adapter', 'INTERNAL', false],
    ['internal', 'INTERNAL', false],
  ])('%s becomes %s; the engine is lost: %s (OC-CTRL-2030)', (code, becomes, loss) => {
    expect([codeOf(code), isEngineLoss(code)]).toEqual([becomes, loss]);
  });

  it('with an unknown code is internal', () => {
    expect(codeOf('new-one' as EngineErrorCode)).toBe('INTERNAL');
  });
});
