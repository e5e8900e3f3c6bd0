import { type Counterfactual, type Decision, type Task } from '@llama-orch/client';
import { type Route } from './support/contract-server.js';
import { TASK_ID, always, cli, closeServerAfterEach, server } from './support/cli-rig.js';
import { examplesOf, CONTRACTS } from './support/openapi.js';

closeServerAfterEach();

const DECISION = 'GET /v1/tasks/{id}/decision';
const TASK = 'GET /v1/tasks/{id}';

/** The answer that the contract shows. */
function exampleOf<Body>(path: string): Body {
  const operations = CONTRACTS.map(({ document }) => document.paths[path]?.['get']);
  const content = operations.find((one) => one !== undefined)?.responses['200']?.content?.['application/json'];
  return structuredClone(examplesOf(content ?? { schema: {} })[0]) as Body;
}

const decision = exampleOf<Decision>('/v1/tasks/{id}/decision');
const task: Task = { ...exampleOf<Task>('/v1/tasks/{id}'), started_ms: 1_790_000_001_490 };

function routes(answer: Partial<Decision> = {}, ofTask: Route = always({ status: 200, body: task })) {
  return { [DECISION]: always({ status: 200, body: { ...decision, ...answer } }), [TASK]: ofTask };
}

const OVERLOAD = { waiting: 4, capacity: 4, full_for_ms: 10_000, share: 0.9, least_ms: 10_000, chance: 0.1 };

describe('explain', () => {
  it('tells in words how a task came, waited and was placed, and what was predicted (ORCH-4414)', async () => {
    const { code, io } = await cli(['explain', TASK_ID], routes({ counterfactual: null }));
    expect(code).toBe(0);
    expect(io.out).toBe(
      [
        `Task ${TASK_ID}, pool default, since 2026-09-21T14:13:20.000Z`,
        '',
        '+0 ms     It came as a batch task: 2 of 128 places are taken.',
        '          2 tasks stood before it; predicted to start in 1.5 s, with 90 % certainty within 2.0 s.',
        '+1.5 s    Its turn came; 0 tasks stayed in the queue.',
        '          1 replica had a free slot, default-0 was taken: 1 of 2 slots are busy.',
        '',
        'It started after 1.5 s, predicted were 1.5 s.',
        'Now it is completed.',
        '',
        'Decided by priority-fifo@0.1.0 and least-loaded@0.1.0, llama-orch 0.1.0. The same code, run again on the same inputs, decides the same.',
        '',
      ].join('\n'),
    );
  });

  it('passes the what-if on and tells its answer (ORCH-4414)', async () => {
    const argv = ['explain', TASK_ID, '--counterfactual', 'priority=interactive'];
    const { io } = await cli(argv, routes());
    expect(server.received[0]?.query.get('counterfactual')).toBe('priority=interactive');
    expect(io.out).toContain(
      'What if priority=interactive: 1 task before it, predicted to start in 700 ms. 2 of 128 places are taken. It would have run on default-0.\n',
    );
  });

  it.each<readonly [string, Partial<Counterfactual>, string]>([
    ['no room', { room: 'full', why: 'All 8 places are taken.' }, 'it would have been turned away. All 8 places'],
    ['no time', { meets_deadline: false }, 'it would have been refused; the deadline could not be met.'],
    ['a victim', { room: 'evict', victim: 'another-1' }, 'Task another-1 would have been evicted for it.'],
  ])('tells of a what-if with %s (ORCH-4414)', async (_what, answer, sentence) => {
    const counterfactual = { ...decision.counterfactual!, ...answer };
    const { io } = await cli(['explain', TASK_ID], routes({ counterfactual }));
    expect(io.out).toContain(sentence);
  });

  it('tells of evictions, suspensions and lost engines, and of what replays otherwise (ORCH-4414)', async () => {
    const [admission, dispatch] = decision.receipts;
    const { inputs, candidates: _, scores: __, ...stamp } = admission!;
    const none = { candidates: [], scores: [] };
    const room = 'room' in inputs ? inputs.room : undefined;
    const receipts = [
      { ...dispatch!, scores: [{ replica_id: 'default-1', score: 1, why: 'full.' }] },
      { ...stamp, ...none, kind: 'requeue', inputs: { code: 'WORKER_RESET' }, chosen: null, why: 'Lost.' },
      {
        ...stamp,
        ...none,
        kind: 'preemption',
        inputs: { newcomer: 'another-1' },
        chosen: { task_id: TASK_ID },
        why: 'Cut.',
      },
      {
        ...{ ...stamp, ...none, kind: 'eviction', chosen: { task_id: TASK_ID, policy: 'drop-lru' }, why: 'Full.' },
        inputs: { newcomer: 'another-2', priority: 'interactive', room, overload: null },
      },
      {
        ...{ ...stamp, ...none, kind: 'eviction', chosen: { task_id: TASK_ID, policy: 'drop-lru' }, why: 'Hopeless.' },
        inputs: { newcomer: null, priority: 'batch', room: null, overload: OVERLOAD },
      },
    ] as Decision['receipts'];
    const differences = [{ receipt: 0, member: 'chosen.replica_id', recorded: 'a', replayed: 'b' }];
    const answer = { receipts, complete: false, replayed: false, differences, counterfactual: null };
    const { io } = await cli(['explain', TASK_ID], routes(answer));
    expect(io.out).toContain('Its first receipts are forgotten; this is what is left.');
    expect(io.out).toContain('Next best: default-1 (full)');
    expect(io.out).toContain('Lost.');
    expect(io.out).toContain('It was suspended for task another-1: Cut.');
    expect(io.out).toContain('It had to leave the queue for an interactive task, another-2: Full.');
    expect(io.out).toContain('It had to leave the queue: Hopeless.');
    expect(io.out).toContain('Run again, the code decides otherwise: dispatch chosen.replica_id.');
  });

  it('prints the receipts as they are with --json (ORCH-4414)', async () => {
    const { io } = await cli(['explain', TASK_ID, '--json'], routes());
    expect(io.json).toEqual({ schema_version: 1, ...decision });
  });

  it('does without the task where only its receipts can be read (ORCH-4414)', async () => {
    const refused: Route = () => problem(404, 'NOT_FOUND', 'there is no such task');
    const { code, io } = await cli(['explain', TASK_ID], routes({}, refused));
    expect(code).toBe(0);
    expect(io.out).not.toContain('Now it is');
  });

  it('says when the first receipt is needed and gone (ORCH-4414)', async () => {
    const argv = ['explain', TASK_ID, '--counterfactual', 'priority=batch'];
    const { io } = await cli(argv, routes({ counterfactual: null }));
    expect(io.err).toContain('the receipt of the admission is forgotten');
  });

  it('fails as other commands do when there is nothing to explain (ORCH-4414)', async () => {
    const message = 'the task is known, its receipts are forgotten';
    const { code, io } = await cli(['explain', TASK_ID], { [DECISION]: () => problem(404, 'NOT_FOUND', message) });
    expect(code).toBe(1);
    expect(io.err).toContain(`error: ${message}`);
  });
});

function problem(status: number, code: string, message: string) {
  const body = {
    type: '/problems/not-found',
    title: 'Not found',
    status,
    code,
    message,
    detail: message,
    instance: '/',
  };
  return { status, body: { ...body, engine: null, retriable: false, correlation_id: 'c' } };
}
