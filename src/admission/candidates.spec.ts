import { type CreateTask } from '@llama-orch/client';
import { type PoolFacts, poolOf } from '../../test/support/pools.js';
import { AppError } from '../kernel/errors.js';
import { type Pool } from '../pools/pool.js';
import { candidatePools, poolsWithModel } from './candidates.js';

const body = (members: Partial<CreateTask> = {}): CreateTask => ({
  workload: 'completion',
  model_ref: 'm',
  priority: 'interactive',
  prompt: 'x',
  max_tokens: 5,
  ...members,
});

function refusal(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const ids = (pools: readonly Pool[]) => pools.map(({ id }) => id as string);

describe('pools with a model', () => {
  const pools = [
    poolOf('a', { config: { model: 'file:/models/qwen2.5-7b.gguf' }, description: { modelDigest: 'sha256:aa' } }),
    poolOf('b', { config: { model: 'haiku-nano' } }),
  ];

  it.each([
    ['file:/models/qwen2.5-7b.gguf', ['a']],
    ['qwen2.5-7b', ['a']],
    ['sha256:aa', ['a']],
    ['haiku-nano', ['b']],
  ])('are found by %s (ORCH-4401)', (ref, expected) => expect(ids(poolsWithModel(ref, pools))).toEqual(expected));

  it('that is not served: 404 with near names, or with all of them (ORCH-4302)', () => {
    expect(refusal(() => poolsWithModel('haiku-nanO', pools))).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('did you mean haiku-nano?'),
    });
    expect(refusal(() => poolsWithModel('zzzzzzzz', pools)).message).toMatch(/served are: qwen2.5-7b, haiku-nano/);
    expect(refusal(() => poolsWithModel('x'.repeat(2000), pools)).message.length).toBeLessThan(300);
  });

  it('names no path of the host to a caller who nearly guessed it (ORCH-2006)', () => {
    const { message } = refusal(() => poolsWithModel('file:/models/qwen2.5-7b.ggu', pools));
    expect(message.replace('file:/models/qwen2.5-7b.ggu;', '')).not.toContain('/models');
  });
});

describe('candidate pools', () => {
  it.each<readonly [string, Partial<CreateTask>, PoolFacts, string, string]>([
    ['engine', { engine: 'vllm' }, {}, '/engine', 'served by fake'],
    ['labels', { pool_labels: { zone: 'b' } }, { config: { labels: { zone: 'a' } } }, '/pool_labels', 'labels'],
    ['workload', { workload: 'embedding', prompt: undefined, inputs: ['x'] }, {}, '/workload', 'it offers completion'],
    ['sampling parameter', { params: { min_p: 0.1 } }, {}, '/params/min_p', 'min_p'],
    ['tools', { params: { tools: [] } }, {}, '/params/tools', 'tools'],
    [
      'response format',
      { params: { response_format: { type: 'json_object' } } },
      {},
      '/params/response_format',
      'json_object',
    ],
    [
      'chat',
      { prompt: undefined, messages: [{ role: 'user', content: 'x' }] },
      { description: { features: { params: [], chat: false } } },
      '/messages',
      'chat',
    ],
    [
      'determinism',
      { determinism: 'strict' },
      { description: { determinism: 'best_effort' } },
      '/determinism',
      'best_effort',
    ],
    [
      'determinism of the pool',
      { determinism: 'strict' },
      { config: { determinism: 'best_effort' } },
      '/determinism',
      'exact',
    ],
  ])(
    'are none when the %s does not fit, and the refusal points there (ORCH-4401, ORCH-3014)',
    (_what, task, facts, pointer, words) => {
      const { code, members } = refusal(() => candidatePools(body(task), [poolOf('a', facts)]));
      expect(code).toBe('INVALID_PARAMS');
      expect(members.errors).toEqual([{ pointer, message: expect.stringContaining(words) }]);
    },
  );

  it('name every missing ability at once (ORCH-4301)', () => {
    const task = body({ params: { min_p: 0.1, presence_penalty: 1, temperature: 0 } });
    const { members } = refusal(() => candidatePools(task, [poolOf('a')]));
    expect(members.errors?.map(({ pointer }) => pointer)).toEqual(['/params/min_p', '/params/presence_penalty']);
  });

  it('are those that fit, each demand by itself (ORCH-4401)', () => {
    const pools = [
      poolOf('a', { config: { labels: { zone: 'a' } } }),
      poolOf('b', {
        config: { labels: { zone: 'b' } },
        description: { features: { params: ['temperature', 'min_p'], chat: true } },
      }),
    ];
    expect(ids(candidatePools(body({ pool_labels: { zone: 'b' } }), pools))).toEqual(['b']);
    expect(ids(candidatePools(body({ params: { min_p: 0.1 } }), pools))).toEqual(['b']);
    expect(ids(candidatePools(body({ params: { response_format: { type: 'text' } } }), pools))).toEqual(['a', 'b']);
  });

  it('prefer exact pools unless the task says otherwise (OC-CORE-1030)', () => {
    const pools = [poolOf('loose', { description: { determinism: 'best_effort' } }), poolOf('exact')];
    expect(ids(candidatePools(body(), pools))).toEqual(['exact']);
    expect(ids(candidatePools(body({ determinism: 'best_effort' }), pools))).toEqual(['loose', 'exact']);
    expect(ids(candidatePools(body(), pools.slice(0, 1)))).toEqual(['loose']);
  });

  it('may be pools whose engine has not answered yet (ORCH-4302)', () => {
    const coming = poolOf('a', { description: null });
    expect(ids(candidatePools(body({ params: { min_p: 1 }, determinism: 'strict' }), [coming]))).toEqual(['a']);
  });
});
