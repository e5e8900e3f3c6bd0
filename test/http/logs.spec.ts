import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { mockPool } from '../support/start-app.js';
import { Events } from '../support/read-events.js';

const TOKEN = 'a-token-of-sixteen-or-more';
const PROMPT = 'the-secret-prompt';
const SESSION = '3f1d4fae-7dec-41d0-a765-00a0c91e6bf6';

type Line = Readonly<Record<string, unknown>>;

let lines: readonly Line[];
let taskId: string;
let output: string;

beforeAll(async () => {
  const daemon = await Daemon.start({ pools: [mockPool()] }, { LLORCH_API_TOKEN: TOKEN });
  const call = (path: string, body?: object) =>
    fetch(daemon.url + path, {
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', 'x-correlation-id': 'turn-1' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
  const task = {
    workload: 'completion',
    model_ref: 'mock-model',
    priority: 'interactive',
    prompt: PROMPT,
    max_tokens: 4,
    session_id: SESSION,
    deadline_ms: 60_000,
  };
  const answer = await eventually(async () => {
    const got = await call('/v1/tasks', task);
    expect(got.status).toBe(202);
    return (await got.json()) as { task_id: string; stream: string };
  });
  taskId = answer.task_id;
  const frames = await Events.open(daemon.url + answer.stream, { headers: { authorization: `Bearer ${TOKEN}` } }).then(
    (events) => events.rest(),
  );
  output = frames.flatMap((frame) => (frame.event === 'token' ? [frame.data.t] : [])).join('');
  await call('/v1/tasks', { ...task, max_tokens: 0 });
  await call('/v1/tasks', { ...task, model_ref: TOKEN });
  daemon.signal('SIGTERM');
  expect(await daemon.exit()).toBe(0);
  lines = daemon.lines;
});

function lineOf(event: string): Line {
  const found = lines.filter((line) => line['event'] === event && line['job_id'] === taskId);
  expect(found.length).toBe(1);
  return found[0]!;
}

describe('The log on standard output', () => {
  it('is JSON, one event a line, each with time, level, event and message (ORCH-3027, HME-030)', () => {
    for (const line of lines) {
      expect(line).toMatchObject({
        level: expect.stringMatching(/^(info|warn|error)$/),
        event: expect.any(String),
        message: expect.any(String),
      });
      expect(new Date(String(line['ts'])).toISOString()).toBe(line['ts']);
    }
  });

  it('tells the life of a task under its correlation id (ORCH-3027, HME-030, OC-CORE-1040)', () => {
    const life = lines.filter((line) => line['correlation_id'] === 'turn-1' && line['job_id'] === taskId);
    expect(life.map((line) => line['event'])).toEqual(['admission', 'dispatched', 'first_token', 'ended']);
  });

  it.each(['admission', 'dispatched', 'ended'])(
    'has on %s what is known of the task (ORCH-3027, OC-CORE-1040, OC-CTRL-2050)',
    (event) => {
      expect(lineOf(event)).toMatchObject({
        ...{ job_id: taskId, session_id: SESSION, tenant_id: 'default', client_id: expect.any(String) },
        ...{ engine: 'mock', engine_version: 'mock-1', pool_id: 'mock', model_id: 'mock-model' },
        ...{ model_digest: expect.stringMatching(/^sha256:/), ctx: 8192, sampler_profile_version: 'v1' },
        ...{ seed: expect.any(Number), priority: 'interactive', deadline_ms: 60_000 },
      });
    },
  );

  it('has the promise on admission and what became of it later (ORCH-3029, OC-CTRL-2050, ORCH-3027)', () => {
    expect(lineOf('admission')).toMatchObject({ queue_position: 0, predicted_start_ms: 0 });
    expect(lineOf('dispatched')).toMatchObject({
      replica_id: 'mock-0',
      queue_time_ms: expect.any(Number),
      placement: { replica_id: 'mock-0', reason: expect.any(String) },
    });
    expect(lineOf('ended')).toMatchObject({
      queue_time_ms: expect.any(Number),
      decode_time_ms: expect.any(Number),
      tokens_in: 1,
      tokens_out: 4,
    });
  });

  it('tells why a task was refused (ORCH-3027)', () => {
    const refused = lines.filter((line) => line['event'] === 'rejected' && line['correlation_id'] === 'turn-1');
    const reasons = refused.map((line) => line['reason']);
    expect(reasons).toEqual(expect.arrayContaining(['INVALID_PARAMS', 'NOT_FOUND']));
  });

  it('tells the states of a pool with what led there (OC-POOL-3030, OC-POOL-3003)', () => {
    const states = lines.filter((line) => line['event'] === 'pool_state');
    expect(states.map((line) => line['state'])).toEqual(expect.arrayContaining(['starting', 'ready']));
    for (const line of states)
      expect(line).toMatchObject({ pool_id: 'mock', replica_id: 'mock-0', restart_count: 0, cpu: expect.any(Boolean) });
  });

  it('holds no key, prompt or output (OC-CTRL-2041)', () => {
    const text = JSON.stringify(lines);
    expect(output).not.toBe('');
    for (const secret of [TOKEN, PROMPT, output.trim()]) expect(text).not.toContain(secret);
  });
});
