import { type ServerResponse } from 'node:http';
import { eventually } from '../support/eventually.js';
import { startFakeEngine, type FakeEngine } from '../support/fake-engines/fake-engine.js';
import { startFakeOpenAi } from '../support/fake-engines/openai.js';
import { startFakeVllm } from '../support/fake-engines/vllm.js';
import { textOf, terminalOf } from '../support/read-events.js';
import { startTestApp, type TestApp, type TestConfig } from '../support/start-app.js';
import { startPage } from '../support/wrong-servers.js';

type Pool = NonNullable<TestConfig['pools']>[number];

interface Closable {
  readonly url: string;
  close(): Promise<void>;
}

const started: Closable[] = [];
afterAll(() => Promise.all(started.map((one) => one.close())));

function opened<One extends Closable>(one: One): One {
  started.push(one);
  return one;
}

function pool(engine: string, endpoint: string): Pool {
  return {
    ...{ id: 'pool', engine, model: 'tiny', endpoint, ctx: 512 },
    ...{ backoff: { initial_ms: 20, max_ms: 50, jitter: 0 }, probe: { interval_ms: 50 } },
  };
}

function ask(more: object = {}): object {
  return {
    workload: 'completion',
    model_ref: 'tiny',
    priority: 'interactive',
    prompt: ' one',
    max_tokens: 20,
    ...more,
  };
}

/** An answer that does not end by itself. */
const SILENT = { type: 'stall', afterTokens: 3 } as const;

const ENGINES: readonly (readonly [string, (options: object) => Promise<FakeEngine>])[] = [
  ['vllm', startFakeVllm],
  ['openai', startFakeOpenAi],
];

describe.each(ENGINES)('The engine %s behind a pool', (engine, startEngine) => {
  async function start(options: object = {}): Promise<{ app: TestApp; fake: FakeEngine }> {
    const fake = opened(await startEngine(options));
    const app = await startTestApp({ pools: [pool(engine, fake.url)] });
    // The cut-off decode of the self-tests is abandoned for the engine a moment later than for the daemon.
    await eventually(() => expect(fake.stats.busySlots).toBe(0));
    return { fake, app };
  }

  it('serves text and chat with the usage of the engine (ORCH-3032, ORCH-3055)', async () => {
    const { app } = await start();
    const text = await app.frames((await app.submit(ask({ max_tokens: 3 }))).task_id);
    expect(textOf(text)).toBe(' two three four');
    expect(text[0]).toMatchObject({ event: 'started', data: { engine } });
    const messages = [{ role: 'user', content: 'hello' }];
    const chat = await app.frames((await app.submit(ask({ prompt: undefined, messages }))).task_id);
    expect(textOf(chat)).toBe('Hello there friend, how may I help you today?');
    expect(terminalOf(chat)).toMatchObject({ event: 'end', data: { finish_reason: 'stop' } });
  });

  it('closes the upstream when a task is cancelled, and its slot serves the next (ORCH-3017, OC-ADAPT-5020)', async () => {
    const { app, fake } = await start({ slots: 1 });
    const before = fake.stats.abandoned;
    fake.fault(SILENT);
    const { task_id } = await app.submit(ask({ max_tokens: 400 }));
    await (await app.follow(task_id)).until('token');
    await app.cancel(task_id);
    await eventually(async () => expect([fake.stats.abandoned, fake.stats.busySlots]).toEqual([before + 1, 0]));
    fake.fault(undefined);
    expect(terminalOf(await app.frames((await app.submit(ask())).task_id)).event).toBe('end');
  });

  it('closes the upstream of a reader who leaves (ORCH-3017)', async () => {
    const { app, fake } = await start();
    const before = fake.stats.abandoned;
    fake.fault(SILENT);
    const { task_id } = await app.submit(ask({ max_tokens: 400, on_disconnect: 'cancel' }));
    const reader = await app.follow(task_id);
    await reader.until('token');
    reader.close();
    await eventually(async () => expect([fake.stats.abandoned, fake.stats.busySlots]).toEqual([before + 1, 0]));
  });

  it('that fails in mid-stream ends the task with a code of its own (OC-CTRL-2030)', async () => {
    const { app, fake } = await start({ tps: 500 });
    fake.fault({ type: 'error-event', afterTokens: 3 });
    const frames = await app.frames((await app.submit(ask())).task_id);
    expect(terminalOf(frames)).toMatchObject({ event: 'error', data: { code: 'INTERNAL', engine } });
  });

  it.each<[string, () => Promise<Closable>, RegExp]>([
    ['a web page', () => startPage('<html>hello</html>'), /no list of models.*check the url/],
    ['another model', () => startEngine({ model: 'other' }), /does not serve the model tiny; it serves other/],
    ['a server that wants a key', () => startEngine({ apiKey: 'x' }), /key/],
    [
      'an engine of another kind',
      () => startFakeEngine({ answer: notFound }),
      /does not speak the OpenAI API|is no vLLM/,
    ],
  ])('says in last_error what is behind the url: %s (ORCH-3010, OC-CTRL-2020)', async (_, open, words) => {
    const { url } = opened(await open());
    const app = await startTestApp({ pools: [pool(engine, url)] }, []);
    await eventually(async () => {
      const { body } = await app.call('/v1/pools/pool/health');
      expect(body).toMatchObject({ ready: false, last_error: { message: expect.stringMatching(words) } });
    });
  });
});

function notFound({ response }: { readonly response: ServerResponse }): void {
  response.writeHead(404, { 'content-type': 'application/json' });
  response.end('{"error":"not found"}');
}
