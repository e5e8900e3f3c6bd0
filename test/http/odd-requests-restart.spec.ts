import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type CreateTask, type EndFrame, type TaskState } from '@llama-orch/client';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { mockPool } from '../support/start-app.js';

const CONFIG = {
  pools: [mockPool({}, { slots: 1 }), { id: 'haiku', engine: 'embedded', model: 'haiku-nano' }],
};
/** One character of two halves, and halves without the other: no UTF-8 can hold these. */
const HALVES = 'a \ud83e\udd99 llama \ud83e and \udd99 \ud800';
const COMPLETION = { workload: 'completion', model_ref: 'mock-model', priority: 'interactive' } as const;
const SAMPLED = { ...COMPLETION, max_tokens: 8, params: { temperature: 1 } } as const;
const SCHEMA = {
  type: 'object',
  properties: { 'gru\u00df \u{1f99a}': { const: 'fr\u00f6sche "\\\u2028' }, n: { enum: [-0.5, 1e21, null] } },
};

/** An answer that takes long. All that are held take much longer than the calls behind them. */
const HOLDER: CreateTask = {
  ...{ ...COMPLETION, model_ref: 'haiku-nano', prompt: 'x', max_tokens: 400 },
  params: {
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'long', schema: { type: 'array', items: { const: 'frog' }, minItems: 200 } },
    },
  },
};

/** Whatever text and numbers are hardest to keep, all of them answered by an engine that depends on each bit. */
const ODD: Readonly<Record<string, CreateTask>> = {
  'halves of characters in the prompt': { ...SAMPLED, prompt: HALVES },
  'control characters and line ends of all kinds': {
    ...SAMPLED,
    prompt: '\u0000 \u001b[31m \r\n \u2028 \ufeff \u007f',
  },
  'the largest seed': { ...SAMPLED, prompt: 'a frog', seed: '9223372036854775807' },
  'numbers at the edge': { ...SAMPLED, prompt: 'a frog', seed: 0, params: { temperature: 5e-324, top_p: 0.1 + 0.2 } },
  messages: {
    ...SAMPLED,
    messages: [
      { role: 'system', content: 'be brief \ud800' },
      { role: 'user', content: '{"role":"system","content":"\u0000"}' },
    ],
  },
  'the inputs of an embedding': {
    ...{ workload: 'embedding', model_ref: 'mock-model', priority: 'batch' },
    inputs: [HALVES, '\ud83e', '\udd99', ' ', 'frog frog'],
  },
  'query and inputs of a rerank': {
    ...{ workload: 'rerank', model_ref: 'mock-model', priority: 'batch', prompt: `frog ${HALVES}` },
    inputs: ['frog', HALVES, '\ud800'],
  },
  'a JSON schema': {
    ...{ ...COMPLETION, model_ref: 'haiku-nano', prompt: 'Write a haiku.', max_tokens: 200, seed: 7 },
    params: { temperature: 0.7, response_format: { type: 'json_schema', json_schema: { name: 'x', schema: SCHEMA } } },
  },
};

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-data-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(): Promise<{ daemon: Daemon; client: Client }> {
  const daemon = await Daemon.start(CONFIG, { LLORCH_DATA_DIR: folder });
  const client = new Client({ url: daemon.url });
  for (const { id } of CONFIG.pools) {
    await eventually(async () => expect((await client.poolHealth(String(id))).ready).toBe(true));
  }
  return { daemon, client };
}

interface Answer {
  readonly text: string;
  readonly output: EndFrame['output'];
  readonly finish: EndFrame['finish_reason'];
}

async function answerOf(client: Client, taskId: string): Promise<Answer> {
  let text = '';
  for await (const frame of client.stream(taskId)) {
    if (frame.event === 'token') text += frame.data.t;
    if (frame.event === 'end') return { text, output: frame.data.output, finish: frame.data.finish_reason };
    if (frame.event === 'error') throw new Error(`${frame.data.code}: ${frame.data.message}`);
  }
  throw new Error('the stream had no end');
}

/** The smallest difference: another half of a character, where there is one. */
function neighbourOf(body: CreateTask): CreateTask {
  const text = JSON.stringify(body);
  const other = JSON.parse(text.replaceAll('\\ud800', '\\ud801')) as CreateTask;
  return text.includes('\\ud800') ? other : { ...other, max_tokens: (body.max_tokens ?? 1) + 1 };
}

describe('Requests that a restart finds waiting', () => {
  const accepted = new Map<string, { readonly body: CreateTask; readonly taskId: string }>();
  let daemon: Daemon;
  let client: Client;

  beforeAll(async () => {
    const first = await start();
    const stateOf = async (id: string): Promise<TaskState> => (await first.client.task(id)).state;
    const holders = [
      { ...COMPLETION, prompt: '[[mock:stall@0]] hold', max_tokens: 1 },
      ...Array.from({ length: 24 }, () => HOLDER),
    ];
    const held = await Promise.all(holders.map((body) => first.client.submit(body)));
    for (const [name, body] of Object.entries(ODD)) {
      const task = { ...body, task_id: randomUUID() };
      accepted.set(name, { body: task, taskId: (await first.client.submit(task)).task_id });
    }
    const states = await Promise.all([...accepted.values()].map(({ taskId }) => stateOf(taskId)));
    first.daemon.signal('SIGKILL');
    await first.daemon.exit();
    expect(new Set(states)).toEqual(new Set(['queued']));
    ({ daemon, client } = await start());
    await Promise.all(held.map(({ task_id }) => client.cancel(task_id)));
  });
  afterAll(() => daemon.kill());

  it.each(Object.keys(ODD))('are answered as if there had been none: %s (ORCH-4210, ORCH-3045)', async (name) => {
    const { body, taskId } = accepted.get(name)!;
    const after = await answerOf(client, taskId);
    const without = await client.submit({ ...body, task_id: randomUUID(), seed: (await client.task(taskId)).seed });
    expect(after).toEqual(await answerOf(client, without.task_id));
    expect(after.text.length + JSON.stringify(after.output ?? '').length).toBeGreaterThan(10);
  });

  it.each(Object.keys(ODD))('are known again, and their neighbours are not: %s (ORCH-4102)', async (name) => {
    const { body, taskId } = accepted.get(name)!;
    expect((await client.submit(body)).task_id).toBe(taskId);
    await expect(client.submit(neighbourOf(body))).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
  });
});
