import { runCli } from '../../src/cli/main.js';
import { ContractServer, frame, refusal, type Answer, type Route } from './support/contract-server.js';
import { TestIo, type TestIoOptions } from './support/test-io.js';

const TASK_ID = '0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f';
const ACCEPTED = {
  task_id: TASK_ID,
  queue_position: 2,
  predicted_start_ms: 420,
  predicted_start_p90_ms: 910,
  backoff_ms: 0,
  pool_id: 'default',
  seed: 7,
  stream: `/v1/tasks/${TASK_ID}/stream`,
};
const POOL = {
  ...{ pool_id: 'default', live: true, ready: true, draining: false, state: 'ready', cpu: true, last_error: null },
  ...{ engine: 'mock', engine_version: '1.0.0', model_id: 'haiku-nano', model_digest: null },
  replicas: [
    {
      ...{ replica_id: 'default-0', device_mask: [], ready: true, slots_total: 2, slots_free: 1, active_leases: 1 },
      ...{ vram_total_bytes: null, vram_free_bytes: null, last_heartbeat_ms: null, restart_count: 0 },
    },
  ],
  metrics: { queue_depth: { interactive: 3, batch: 1 }, gpu: [], tokens_per_s: 20.25, first_token_ms: null },
};
const CAPABILITIES = {
  api_version: '1.0.0',
  engines: [
    {
      ...{
        engine: 'mock',
        engine_version: '1.0.0',
        ctx_max: 4096,
        supported_workloads: ['completion'],
        concurrency: 2,
      },
      ...{ rate_limits: {}, sampler_profiles: ['v1'] },
      features: { determinism: 'exact', interruptible_decode: false, tools: false, json_schema: false, fim: false },
      pools: [
        {
          ...{ pool_id: 'default', model_id: 'haiku-nano', model_digest: null, ctx_max: 4096, slots_total: 2 },
          ...{ cpu: true, ready: true, full_policy: 'reject', labels: {} },
        },
      ],
    },
  ],
};
const STARTED = frame(1, 'started', { queue_position: 2, predicted_start_ms: 420, pool_id: 'default', seed: 7 });
const TOKENS = [frame(2, 'token', { t: 'old ', i: 0 }), frame(3, 'token', { t: 'pond', i: 1 })];
const END = frame(4, 'end', { tokens_out: 2, decode_ms: 8, finish_reason: 'stop' });
const CANCELLED = frame(4, 'end', { tokens_out: 2, decode_ms: 8, finish_reason: 'cancelled' });
const STREAM = 'GET /v1/tasks/{id}/stream';

let server: ContractServer;
afterEach(() => server.close());

function always(answer: Answer): Route {
  return () => answer;
}

const RUNS_WELL: Readonly<Record<string, Route>> = {
  'GET /v1/capabilities': always({ status: 200, body: CAPABILITIES }),
  'POST /v1/tasks': always({ status: 202, body: ACCEPTED }),
  [STREAM]: always({ status: 200, frames: [STARTED, ...TOKENS, END] }),
};

/** Runs one command against a server with these routes. */
async function cli(
  argv: readonly string[],
  routes: Readonly<Record<string, Route>> = {},
  options: TestIoOptions = {},
  prepare: (io: TestIo) => void = () => undefined,
): Promise<{ code: number; io: TestIo }> {
  server = await ContractServer.start(routes);
  const io = new TestIo({ ...options, env: { LLORCH_URL: server.url, ...options.env } });
  prepare(io);
  const code = await runCli(argv, { io, serve: () => Promise.resolve(0) });
  return { code, io };
}

describe('llama-orch run', () => {
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
    server = await ContractServer.start({});
    await server.close();
    const io = new TestIo({ env: { LLORCH_URL: server.url } });
    expect(await runCli(['status'], { io, serve: () => Promise.resolve(0) })).toBe(69);
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

describe('The commands that look at the daemon', () => {
  it('status shows pools with slots and queues (FR-CP-002, OC-CLI-2102)', async () => {
    const failed = {
      ...POOL,
      pool_id: 'b',
      ready: false,
      state: 'backoff',
      last_error: { code: 'X', message: 'no GPU', at_ms: 1 },
    };
    const body = { items: [POOL, failed], next_cursor: null };
    const { code, io } = await cli(['status'], { 'GET /v1/pools': always({ status: 200, body }) });
    expect(code).toBe(0);
    expect(io.out.split('\n')[1]).toMatch(/^default +ready +mock 1\.0\.0 +haiku-nano +cpu +1\/2 +3\+1 +20\.3$/);
    expect(io.err).toContain('1 of 2 pools ready');
    expect(io.err).toContain('pool b: no GPU');
  });

  it('status follows the pages of the list (FR-CP-002)', async () => {
    const pages = [
      { items: [POOL], next_cursor: 'n' },
      { items: [{ ...POOL, pool_id: 'b' }], next_cursor: null },
    ];
    const route: Route = () => ({ status: 200, body: pages.shift() });
    const { io } = await cli(['pools', 'ls', '--json'], { 'GET /v1/pools': route });
    expect(io.json).toMatchObject({ schema_version: 1, items: [{ pool_id: 'default' }, { pool_id: 'b' }] });
  });

  it('pools health shows a pool and its replicas (OC-CTRL-2001, ORCH-2103)', async () => {
    const route: Route = ({ id }) => ({ status: 200, body: { ...POOL, pool_id: id } });
    const { io } = await cli(['pools', 'health', 'default'], { 'GET /v1/pools/{id}/health': route });
    expect(io.out).toMatch(/^pool +default\n/);
    expect(io.out).toMatch(/default-0 +yes +- +1\/2 +1 +0\n$/);
  });

  it('capabilities names engines and what runs at once (OC-CLI-2201, OC-CLI-2401, FR-DV-001)', async () => {
    const { io } = await cli(['capabilities'], RUNS_WELL);
    expect(io.out).toMatch(/mock +1\.0\.0 +default +haiku-nano +4096 +2 +yes +completion +exact\n/);
    expect(io.err).toContain('API 1.0.0, 2 at once');
  });

  it('capabilities warns about an API it does not know (OC-CLI-2202, FR-DV-002)', async () => {
    const body = { ...CAPABILITIES, api_version: '2.0.0' };
    const { io } = await cli(['capabilities'], { 'GET /v1/capabilities': always({ status: 200, body }) });
    expect(io.err).toContain('this command knows API 1.x');
  });

  it('plugins shows what loaded and what failed (ORCH-4701)', async () => {
    const broken = {
      kind: 'engine-adapter',
      id: 'acme',
      version: '2.0.0',
      package: 'acme',
      state: 'failed',
      took_ms: 1,
    };
    const body = { api_version: '1.0.0', items: [{ ...broken, error: 'needs API ^2.0.0' }] };
    const { io } = await cli(['plugins'], { 'GET /v1/plugins': always({ status: 200, body }) });
    expect(io.out).toContain('acme  2.0.0');
    expect(io.err).toContain('acme: needs API ^2.0.0');
  });

  it('tasks ls passes its filters on and tells how to go on (ORCH-4106)', async () => {
    const route = always({ status: 200, body: { items: [], next_cursor: 'abc' } });
    const argv = ['tasks', 'ls', '--state', 'queued', '--pool', 'default', '--limit', '5'];
    const { io } = await cli(argv, { 'GET /v1/tasks': route });
    expect(server.received[0]?.query.toString()).toBe('state=queued&pool_id=default&limit=5');
    expect(io.err).toContain('more with --cursor abc');
  });

  it('cancel ends a task (ORCH-2003)', async () => {
    const { code, io } = await cli(['cancel', TASK_ID, '--json'], {
      'POST /v1/tasks/{id}/cancel': always({ status: 204 }),
    });
    expect({ code, json: io.json }).toEqual({
      code: 0,
      json: { schema_version: 1, task_id: TASK_ID, cancelled: true },
    });
  });

  it('metrics prints the matching series (OC-CTRL-2051)', async () => {
    const route = always({ status: 200, body: 'queue_depth 1\npool_ready 1\n' });
    const { io } = await cli(['metrics', '--match', 'pool_'], { 'GET /metrics': route });
    expect(io.out).toBe('pool_ready 1\n');
  });
});
