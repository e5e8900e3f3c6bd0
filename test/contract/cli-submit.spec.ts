import { ContractServer, frame, refusal, type Answer, type Route } from './support/contract-server.js';
import {
  closeServerAfterEach,
  server,
  TASK_ID,
  ACCEPTED,
  CAPABILITIES,
  STARTED,
  TOKENS,
  END,
  CANCELLED,
  STREAM,
  always,
  RUNS_WELL,
  cli,
} from './support/cli-rig.js';
import { type TestIo } from './support/test-io.js';

closeServerAfterEach();

describe('llama-orch submit', () => {
  it('prints the text on stdout and all talk on stderr (OC-CLI-2002, HME-020)', async () => {
    const { code, io } = await cli(['submit', 'a frog'], RUNS_WELL);
    expect({ code, out: io.out }).toEqual({ code: 0, out: 'old pond\n' });
    expect(io.err).toContain('2 tasks ahead, starts in 420 ms to 910 ms');
    expect(io.err).toContain('2 tokens in 8 ms, 250.0 tokens/s, stop, pool default, seed 7');
  });

  it('takes the only model of the daemon and the prompt from stdin (OC-CLI-2001, OC-CLI-2201)', async () => {
    await cli(['submit'], RUNS_WELL, { stdin: 'a frog' });
    const submitted = server.received.find(({ method }) => method === 'POST');
    expect(submitted?.body).toEqual({
      ...{ workload: 'completion', model_ref: 'haiku-nano', priority: 'interactive' },
      ...{ prompt: 'a frog', max_tokens: 256 },
    });
  });

  it('sets every field of a task (OC-CLI-2001, OC-CLI-2006, FR-DP-001)', async () => {
    const flags = [
      ...['--task-id', TASK_ID, '--session', TASK_ID, '--model', 'qwen', '--engine', 'mock', '--ctx', '512'],
      ...['--priority', 'batch', '--seed', '9223372036854775807', '--determinism', 'strict', '--profile', 'v1'],
      ...['--system', 'be brief', '-n', '9', '--deadline-ms', '5000', '--expected-tokens', '4', '--kv-hint', 'cold'],
      ...['--on-disconnect', 'cancel', '--label', 'zone=a', '--label', 'disk=ssd', '--temperature', '0.5'],
      ...[
        '--top-p',
        '0.9',
        '--top-k',
        '40',
        '--min-p',
        '0.1',
        '--presence-penalty',
        '-1',
        '--stop',
        'x',
        '--stop',
        'y',
      ],
      ...['--frequency-penalty', '1', '--repeat-penalty', '1.1', '--response-format', '{"type":"json_object"}'],
      ...['--tools', '[{"type":"function","function":{"name":"f"}}]', '--tool-choice', 'auto'],
    ];
    await cli(['submit', 'hi', '--detach', ...flags], RUNS_WELL);
    expect(server.received[0]?.body).toEqual({
      ...{ task_id: TASK_ID, session_id: TASK_ID, workload: 'completion', model_ref: 'qwen', engine: 'mock', ctx: 512 },
      ...{ priority: 'batch', seed: '9223372036854775807', determinism: 'strict', sampler_profile_version: 'v1' },
      messages: [
        { role: 'system', content: 'be brief' },
        { role: 'user', content: 'hi' },
      ],
      params: {
        ...{ temperature: 0.5, top_p: 0.9, top_k: 40, min_p: 0.1, presence_penalty: -1, frequency_penalty: 1 },
        ...{ repeat_penalty: 1.1, stop: ['x', 'y'], response_format: { type: 'json_object' }, tool_choice: 'auto' },
        tools: [{ type: 'function', function: { name: 'f' } }],
      },
      ...{ max_tokens: 9, deadline_ms: 5000, expected_tokens: 4, kv_hint: 'cold', on_disconnect: 'cancel' },
      pool_labels: { zone: 'a', disk: 'ssd' },
    });
  });

  it('prints one document with --json (ORCH-4806)', async () => {
    const { io } = await cli(['submit', 'a frog', '--json'], RUNS_WELL);
    expect(io.json).toMatchObject({ schema_version: 1, accepted: ACCEPTED, text: 'old pond', end: { tokens_out: 2 } });
  });

  it('takes terminal control bytes out of the output on a terminal only (OC-CLI-2002)', async () => {
    const evil = frame(2, 'token', { t: '\u001b[31mred\u0007', i: 0 });
    const routes = { ...RUNS_WELL, [STREAM]: always({ status: 200, frames: [STARTED, evil, END] }) };
    const shown = await cli(['submit', 'hi'], routes, { isTty: true });
    await server.close();
    const piped = await cli(['submit', 'hi'], routes);
    expect(shown.io.out).toBe('[31mred\n');
    expect(piped.io.out).toBe('\u001b[31mred\u0007\n');
  });

  it('shows the place in the queue on a terminal, and no animation elsewhere (HME-020, OC-CLI-2005)', async () => {
    const queued = frame(0, 'queued', { position: 2, predicted_start_ms: 420, p90: 910 });
    const routes = { ...RUNS_WELL, [STREAM]: always({ status: 200, frames: [queued, STARTED, ...TOKENS, END] }) };
    const shown = await cli(['submit', 'hi'], routes, { isTty: true });
    await server.close();
    const piped = await cli(['submit', 'hi'], routes);
    expect(shown.io.err).toContain('waiting: 2 tasks ahead, starts in 420 ms to 910 ms');
    expect(piped.io.err).not.toMatch(/waiting|\u001b|\r/);
  });

  it('cancels the task on the first Ctrl-C and ends with 130 (OC-CTRL-2012, ORCH-2003, ORCH-4804)', async () => {
    let cancel = (): void => undefined;
    const cancelled = new Promise<void>((resolve) => (cancel = resolve));
    let io: TestIo | undefined;
    const routes: Record<string, Route> = {
      ...RUNS_WELL,
      [STREAM]: async () => {
        io?.pressCtrlC();
        await cancelled;
        return { status: 200, frames: [STARTED, ...TOKENS, CANCELLED] };
      },
      'POST /v1/tasks/{id}/cancel': () => {
        cancel();
        return { status: 204 };
      },
    };
    const { code } = await cli(['submit', 'hi'], routes, {}, (made) => (io = made));
    expect(code).toBe(130);
    expect(io?.err).toContain('press Ctrl-C again to quit');
    expect(server.count('POST /v1/tasks/{id}/cancel')).toBe(1);
  });

  it('quits on the second Ctrl-C although the task has not ended (ORCH-4804)', async () => {
    let io: TestIo | undefined;
    const routes: Record<string, Route> = {
      ...RUNS_WELL,
      [STREAM]: () => {
        io?.pressCtrlC();
        io?.pressCtrlC();
        return { status: 200, frames: [STARTED], then: 'stay' };
      },
      'POST /v1/tasks/{id}/cancel': always({ status: 204 }),
    };
    const { code } = await cli(['submit', 'hi'], routes, {}, (made) => (io = made));
    expect(code).toBe(130);
  });

  it('goes on after a dropped connection (ORCH-4202, OC-CLI-2002)', async () => {
    const answers: Answer[] = [
      { status: 200, frames: [STARTED, ...TOKENS.slice(0, 1)], then: 'break' },
      { status: 200, frames: [...TOKENS.slice(1), END] },
    ];
    const { code, io } = await cli(['submit', 'hi'], { ...RUNS_WELL, [STREAM]: () => answers.shift() as Answer });
    expect({ code, out: io.out }).toEqual({ code: 0, out: 'old pond\n' });
    expect(io.err).toContain('connection lost');
  });

  it('waits as told with --wait (OC-CLI-2802, FR-ER-002)', async () => {
    const busy = refusal('ADMISSION_REJECT', 429, {
      ...{ message: 'queue of pool default is full', retriable: true, retry_after_ms: 5, policy_label: 'reject' },
    });
    const answers = [busy, { status: 202, body: ACCEPTED }];
    const { code, io } = await cli(['submit', 'hi', '--wait'], {
      ...RUNS_WELL,
      'POST /v1/tasks': () => answers.shift() as Answer,
    });
    expect(code).toBe(0);
    expect(io.err).toContain('queue of pool default is full; trying again in 5 ms');
  });

  it('shows the text so far of a stream that is gone, then follows on (ORCH-4203)', async () => {
    const snapshot = {
      ...({ task_id: TASK_ID, state: 'streaming', text: 'old ', next_seq: 3 } as const),
      ...{ finish_reason: null, error: null, transcript: null },
    };
    const answers: Answer[] = [
      refusal('STREAM_GONE', 410, { snapshot }),
      { status: 200, frames: [...TOKENS.slice(1), END] },
    ];
    const { io } = await cli(['stream', TASK_ID, '--after', '1'], { [STREAM]: () => answers.shift() as Answer });
    expect(io.out).toBe('old pond\n');
    expect(server.received.map(({ headers }) => headers['last-event-id'])).toEqual(['1', '2']);
  });

  it('shows text and ending of a task whose frames are all gone (ORCH-4203)', async () => {
    const facts = { finish_reason: 'stop', error: null, transcript: null } as const;
    const snapshot = { ...facts, task_id: TASK_ID, state: 'completed', text: 'old pond', next_seq: 5 } as const;
    const task = {
      ...{ ...facts, task_id: TASK_ID, session_id: null, priority: 'batch', workload: 'completion', model_ref: 'm' },
      ...{ state: 'completed', engine: 'mock', engine_version: null, pool_id: 'default', replica_id: null },
      ...{ model_digest: null, seed: 7, queue_position: null, predicted_start_ms: null, predicted_start_p90_ms: null },
      ...{ tokens_out: 2, decode_ms: 8, created_ms: 1, started_ms: 1, ended_ms: 2, deadline_at_ms: null },
      ...{ correlation_id: 'c' },
    };
    const { code, io } = await cli(['stream', TASK_ID, '--after', '1'], {
      [STREAM]: always(refusal('STREAM_GONE', 410, { snapshot })),
      'GET /v1/tasks/{id}': always({ status: 200, body: task }),
    });
    expect([code, io.out]).toEqual([0, 'old pond\n']);
    expect(io.err).toContain('2 tokens in 8 ms');
    expect(server.count(STREAM)).toBe(2);
  });

  it('refuses to guess among several models (HME-032)', async () => {
    const [engine] = CAPABILITIES.engines;
    const pools = [...(engine?.pools ?? []), { ...engine?.pools[0], pool_id: 'b', model_id: 'qwen' }];
    const body = { ...CAPABILITIES, engines: [{ ...engine, pools }] };
    const { code, io } = await cli(['submit', 'hi'], { 'GET /v1/capabilities': always({ status: 200, body }) });
    expect(code).toBe(2);
    expect(io.err).toContain('choose one with --model: haiku-nano, qwen');
  });
});

describe('A failing command', () => {
  it.each([
    [400, 'INVALID_PARAMS', 1],
    [401, 'UNAUTHENTICATED', 77],
    [403, 'FORBIDDEN', 77],
    [429, 'QUOTA_EXCEEDED', 75],
    [503, 'POOL_UNREADY', 69],
  ] as const)('turns %s %s into exit code %s (ORCH-4804)', async (status, code, exitCode) => {
    const members = status === 429 ? ({ retry_after_ms: 9, policy_label: 'reject' } as const) : {};
    const route = always(refusal(code, status, members));
    const run = await cli(['submit', 'hi', '--detach', '--model', 'm'], { 'POST /v1/tasks': route });
    expect(run.code).toBe(exitCode);
  });

  it('shows message, code, correlation id and what to do (HME-032, OC-CLI-2801, OC-CLI-2701)', async () => {
    const busy = { retriable: true, retry_after_ms: 2000, policy_label: 'reject' } as const;
    const route = always(refusal('ADMISSION_REJECT', 429, { message: 'queue of pool a is full', ...busy }));
    const { io } = await cli(['submit', 'hi', '--detach', '--model', 'm'], { 'POST /v1/tasks': route });
    expect(io.out).toBe('');
    expect(io.err).toContain('error: queue of pool a is full');
    expect(io.err).toContain('Try again in 2.0 s, or let --wait do it.');
    expect(io.err).toContain('code ADMISSION_REJECT, correlation id corr-1');
  });

  it('lists every violation of a refused task (OC-CLI-2801)', async () => {
    const errors = [
      { pointer: '/max_tokens', message: 'must be at least 1' },
      { pointer: '/seed', message: 'must be at least 0' },
    ];
    const route = always(refusal('INVALID_PARAMS', 400, { errors }));
    const { io } = await cli(['submit', 'hi', '--detach', '--model', 'm'], { 'POST /v1/tasks': route });
    expect(io.err).toContain('/max_tokens must be at least 1\n  /seed must be at least 0');
  });

  it('describes the failure in the document of --json (ORCH-4806)', async () => {
    const route = always(refusal('NOT_FOUND', 404, { message: 'no such task' }));
    const { code, io } = await cli(['tasks', 'show', TASK_ID, '--json'], { 'GET /v1/tasks/{id}': route });
    expect(code).toBe(1);
    expect(io.json).toMatchObject({
      schema_version: 1,
      error: { code: 'NOT_FOUND', message: 'no such task', exit_code: 1 },
    });
  });

  it('ends with 75 when the task was evicted, with its reason (ORCH-4804, OC-CLI-2003)', async () => {
    const evicted = { code: 'QUEUE_FULL_DROP_LRU', message: 'evicted for newer work', retriable: true } as const;
    const routes = { ...RUNS_WELL, [STREAM]: always({ status: 200, frames: [frame(1, 'error', evicted)] }) };
    const { code, io } = await cli(['submit', 'hi'], routes);
    expect(code).toBe(75);
    expect(io.err).toContain('error: evicted for newer work');
  });

  it('ends with 69 and says how to start a daemon when none answers (ORCH-4804, HME-032)', async () => {
    const gone = await ContractServer.start({});
    await gone.close();
    const { code, io } = await cli(['status', '--url', gone.url]);
    expect(code).toBe(69);
    expect(io.err).toContain('Start it with: llama-orch serve');
  });

  it.each([
    [['statsu'], 'Did you mean status'],
    [['submit', '--sed', '1'], 'Did you mean --seed'],
    [['submit', 'hi', '--seed', 'x'], 'whole number'],
    [['submit'], 'no prompt'],
    [['tasks', 'ls', '--state', 'asleep'], 'Allowed choices'],
  ])('answers %j with exit code 2 and a hint (ORCH-4804, HME-032)', async (argv, hint) => {
    const { code, io } = await cli(argv);
    expect(code).toBe(2);
    expect(io.err).toContain(hint);
  });
});
